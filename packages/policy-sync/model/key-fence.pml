/*
 * The key fence: after return no transit private key exists, and nothing of the organization commits.
 * The router is at its worst: it sends sealed records for ever and heeds nothing.
 * Mutations: M_NOLOCK, M_GHOST, M_LATEKEY, M_KEEPKEY, M_SEALLATE.
 */
bool zdr, sealed, returned;
bool transit = true;   /* a transit private key exists */
bool lock;             /* an open payload transaction holds the organization's shared lock */

chan topic = [1] of { bit };

proctype Router() {
end:
  do
  :: atomic { nfull(topic) -> topic ! 1 }
  od
}

proctype Accounting() {
  bool got = false;
end:
  do
  :: topic ? _;
#ifndef M_NOLOCK
     atomic { !lock -> lock = true };
#endif
     /* flag and key are read after the lock was granted */
     atomic { got = (!sealed && transit) };
     atomic {
       if
#if defined(M_NOLOCK) || defined(M_GHOST)
       :: got ->
#else
       :: got && lock ->
#endif
            assert(!returned)
       :: else -> skip
       fi;
       got = false;
       lock = false }
  od
}

/* The database may end an open transaction at any time; a commit after that fails. */
proctype Server() {
end:
  do
  :: atomic { lock -> lock = false }
  od
}

proctype Keys() {
#ifdef M_LATEKEY
  bool free = false;
#endif
end:
  do
#ifdef M_LATEKEY
  :: atomic { free = !sealed };
     atomic {
       if
       :: free -> transit = true
       :: else -> skip
       fi;
       free = false }
#else
  :: atomic { !sealed && !transit -> transit = true }
#endif
  :: atomic { !returned && transit -> transit = false }
  od
}

proctype Admin() {
  zdr = true;
#ifdef M_SEALLATE
  returned = true;
#endif
#ifdef M_NOLOCK
  atomic { sealed = true; transit = false };
#else
#ifdef M_KEEPKEY
  atomic { !lock -> sealed = true };
#else
  atomic { !lock -> sealed = true; transit = false };
#endif
#endif
  returned = true
}

/* P4 */
proctype Watch() {
end:
  atomic { returned -> assert(!transit) }
}

init {
  atomic { run Router(); run Accounting(); run Server(); run Keys(); run Admin(); run Watch() }
}
