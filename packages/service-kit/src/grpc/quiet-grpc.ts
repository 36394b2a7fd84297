import * as grpc from '@grpc/grpc-js';

// The library prints what it cannot read, such as a peer's header with its value, past our logger.
grpc.setLogVerbosity(grpc.logVerbosity.NONE);
