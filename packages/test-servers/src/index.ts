export {
  type CertificateShape,
  makeCertificate,
  type TestCertificate,
} from './certificates/make-certificate.js';
export { type ContainerEngine, type Ran, startContainerEngine } from './engine/container-engine.js';
export {
  buildGoProgram,
  type GoProgram,
  type Litewitness,
  type NoProgram,
  startLitewitness,
} from './go/go-programs.js';
export { type KafkaServer, kafkaAvailability, startKafka, type Unavailable } from './kafka/kafka-server.js';
export { startTcpProxy, type TcpProxy } from './kafka/tcp-proxy.js';
export { freePort, freePortRange, freePorts } from './ports/free-ports.js';
export { startTestPostgres, type TestLogin, type TestPostgres } from './postgres/start-test-postgres.js';
export { findPromtool, type Promtool, type PromtoolVerdict } from './promtool/promtool.js';
export { routerEnvironment, routerFlags } from './router/router-command.js';
export {
  type S3Credentials,
  type S3Server,
  s3Availability,
  startS3,
} from './s3/s3-server.js';
export { type NoSpin, type SpinPrograms, spinPrograms } from './spin/spin-programs.js';
