/*
 * Leases, acknowledgements and the fence, for one organization that becomes ZDR once.
 * Version 0: logging allowed; version 1: ZDR committed. Time is not modelled: a lease may run out at any moment.
 * The only assumption about clocks is in the lapse rule below.
 *
 * Properties (exactly one): P1 no write is initiated, P2 nothing is appended, P3 nothing is persisted, after return.
 * Environment: PAUSE a freeze between check and write; RCRASH routers crash and boot again.
 * Mechanisms: FENCE the broker refuses older producers of routers that were called lapsed; DBFENCE accounting reads
 * its flag in the transaction that inserts.
 * Mutations: M_NOLEASE, M_BADCLOCK, M_GRANTLATE, M_STALEGRANT, M_FORGET, M_NOFLUSH.
 */
#ifndef NR
#define NR 1
#endif
#ifndef MAXMSG
#define MAXMSG 2
#endif

mtype = { RENEW, ACK, GRANT, DELTA };

bit zdr, returned, sealed;
bool believes[NR];       /* the router holds its lease to be valid */
bool row[NR];            /* the lease row: a grant under version 0 may be running */
bit applied[NR], acked[NR];
bit epoch[NR], epochMin[NR];
byte unknown[NR];        /* writes whose outcome the router does not know */
byte sent[NR];

chan toRouter[NR] = [1] of { mtype, bit };
chan toAdmin = [1] of { mtype, byte, bit };
chan wire[NR] = [1] of { bit };
chan topic = [1] of { byte };

inline put(i) {
  wire[i] ! epoch[i];
  unknown[i]++;
  sent[i]++;
#ifdef P1
  assert(!returned);
#endif
}

proctype Router(byte i) {
  bit v = 0;
  bool owes = false;
#ifdef PAUSE
  bool checked = false;
#endif
end:
  do
  /* asks for a lease when it has none and owes no answer */
  :: atomic { !believes[i] && !owes && nfull(toAdmin) -> toAdmin ! RENEW(i, 0) }
  /* learns first, then takes the lease: one that lapsed meanwhile is worth nothing unless it carries version 1 */
  :: atomic { toRouter[i] ? GRANT(v) ->
       if
       :: v == 1 -> applied[i] = 1
       :: else -> skip
       fi;
#ifdef M_GRANTLATE
       believes[i] = true;
#else
       if
       :: v == 1 || row[i] -> believes[i] = true
       :: else -> skip
       fi;
#endif
       owes = (applied[i] == 1);
       v = 0 }
  :: atomic { toRouter[i] ? DELTA(v) -> applied[i] = 1; owes = true; v = 0 }
#ifdef M_NOFLUSH
  :: atomic { owes && nfull(toAdmin) -> toAdmin ! ACK(i, applied[i]); owes = false }
#else
#ifdef PAUSE
  :: atomic { owes && unknown[i] == 0 && !checked && nfull(toAdmin) -> toAdmin ! ACK(i, applied[i]); owes = false }
#else
  :: atomic { owes && unknown[i] == 0 && nfull(toAdmin) -> toAdmin ! ACK(i, applied[i]); owes = false }
#endif
#endif
#ifndef M_NOLEASE
  :: atomic { believes[i] -> believes[i] = false }
#endif
#ifdef PAUSE
  :: atomic { believes[i] && !applied[i] && !checked && sent[i] < MAXMSG -> checked = true }
  :: atomic { checked && nfull(wire[i]) -> checked = false; put(i) }
#else
  :: atomic { believes[i] && !applied[i] && sent[i] < MAXMSG && nfull(wire[i]) -> put(i) }
#endif
#ifdef RCRASH
  /* A crash does not take back what is under way: an acknowledgement of the next boot says nothing about it. */
  :: atomic { believes[i] || owes || applied[i] || epoch[i] != epochMin[i] ->
       believes[i] = false; owes = false; applied[i] = 0;
#ifdef PAUSE
       checked = false;
#endif
       epoch[i] = epochMin[i] }
#endif
  od
}

proctype Broker(byte i) {
  bit e = 0;
end:
  do
  :: atomic { nfull(topic) && wire[i] ? [e] -> skip; wire[i] ? e;
       if
       :: unknown[i] > 0 -> unknown[i]--
       :: else -> skip
       fi;
       if
       :: e >= epochMin[i] ->
            topic ! i;
#ifdef P2
            assert(!returned);
#endif
       :: else -> skip
       fi;
       e = 0 }
  od
}

proctype Accounting() {
  byte from = 0;
#ifndef DBFENCE
  bool open = false;
#endif
end:
  do
#ifdef DBFENCE
  :: atomic { topic ? from ->
       if
       :: !sealed ->
#ifdef P3
            assert(!returned);
#endif
            skip
       :: else -> skip
       fi;
       from = 0 }
#else
  :: atomic { topic ? from -> open = !sealed; from = 0 };
     atomic {
       if
       :: open ->
#ifdef P3
            assert(!returned);
#endif
            skip
       :: else -> skip
       fi;
       open = false }
#endif
  od
}

/* The replica that serves renewals: version and lease row in one transaction (rule A-2). */
proctype Grantor() {
  byte i = 0;
  bit v = 0;
end:
  do
#ifdef M_STALEGRANT
  :: atomic { toAdmin ? RENEW(i, _) -> v = zdr };
     atomic {
       if
       :: full(toRouter[i]) -> skip
       :: nfull(toRouter[i]) && v == 0 -> row[i] = true; toRouter[i] ! GRANT(0)
       :: nfull(toRouter[i]) && v == 1 -> toRouter[i] ! GRANT(1)
       fi;
       i = 0; v = 0 }
#else
  :: atomic { toAdmin ? RENEW(i, _) ->
       if
       :: full(toRouter[i]) -> skip
       :: nfull(toRouter[i]) && zdr == 0 -> row[i] = true; toRouter[i] ! GRANT(0)
       :: nfull(toRouter[i]) && zdr == 1 -> toRouter[i] ! GRANT(1)
       fi;
       i = 0 }
#endif
  od
}

#if NR == 1
#define SAFE (acked[0] || !row[0])
#else
#define SAFE ((acked[0] || !row[0]) && (acked[1] || !row[1]))
#endif

proctype Admin() {
  byte i = 0;
  bit v = 0;
  byte n = 0;
  bool crashed = false;
end:
  do
  :: atomic { toAdmin ? ACK(i, v) ->
       if
       :: v > acked[i] -> acked[i] = v
       :: else -> skip
       fi;
       i = 0; v = 0 }
  /* any message may be lost */
  :: atomic { toAdmin ? RENEW(i, v) -> i = 0; v = 0 }
  :: atomic { toAdmin ? ACK(i, v) -> i = 0; v = 0 }
  :: atomic { zdr && !returned && !acked[0] && nfull(toRouter[0]) -> toRouter[0] ! DELTA(1) }
  :: atomic { toRouter[0] ? GRANT(v) -> v = 0 }
  :: atomic { toRouter[0] ? DELTA(v) -> v = 0 }
#ifdef M_BADCLOCK
  :: atomic { row[0] -> row[0] = false }
#else
  :: atomic { row[0] && !believes[0] -> row[0] = false }
#endif
#if NR == 2
  :: atomic { zdr && !returned && !acked[1] && nfull(toRouter[1]) -> toRouter[1] ! DELTA(1) }
  :: atomic { toRouter[1] ? GRANT(v) -> v = 0 }
  :: atomic { toRouter[1] ? DELTA(v) -> v = 0 }
#ifdef M_BADCLOCK
  :: atomic { row[1] -> row[1] = false }
#else
  :: atomic { row[1] && !believes[1] -> row[1] = false }
#endif
#endif
  :: atomic { zdr && !returned && !crashed -> crashed = true;
       n = 0;
       do
       :: n < NR -> acked[n] = 0;
#ifdef M_FORGET
            row[n] = false;
#endif
            n++
       :: n == NR -> break
       od;
       n = 0 }
  :: atomic { zdr && !returned && SAFE ->
#ifdef FENCE
       n = 0;
       do
       :: n < NR && !acked[n] -> epochMin[n] = 1; n++
       :: n < NR && acked[n] -> n++
       :: n == NR -> break
       od;
       n = 0;
#endif
       sealed = 1; returned = 1 }
  :: atomic { !zdr -> zdr = 1 }
  od
}

init {
  atomic {
    run Router(0); run Broker(0);
#if NR == 2
    run Router(1); run Broker(1);
#endif
    run Accounting(); run Grantor(); run Admin()
  }
}
