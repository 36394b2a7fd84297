/**
 * What runs in a container of the backend network, with one principal's certificate in /pair: tries to write or to
 * read a topic, and prints `done`, or the broker's word for the refusal.
 */
export const kafkaTry = (action: 'read' | 'write', topic: string): string => `
import { readFileSync } from 'node:fs';
import kafkajs from '/lethe/node_modules/kafkajs/index.js';
const pem = (name) => readFileSync('/pair/' + name, 'utf8');
const kafka = new kafkajs.Kafka({
  brokers: ['kafka:9092'], logLevel: 0, retry: { retries: 1 },
  ssl: { ca: pem('ca.crt'), cert: pem('kafka.crt'), key: pem('kafka.key') },
});
const say = (word) => { process.stdout.write(word + '\\n'); process.exit(0); };
const refused = (error) => {
  for (let at = error; at; at = at.cause)
    if (/AUTHORIZATION_FAILED/.test(at.type ?? '') || /Not authorized/.test(at.message ?? '')) say('refused');
  say('other ' + error.name);
};
const topic = ${JSON.stringify(topic)};
if (${JSON.stringify(action)} === 'write') {
  const producer = kafka.producer();
  producer.connect()
    .then(() => producer.send({ topic, acks: -1, messages: [{ key: 'k', value: 'x' }] }))
    .then(() => say('done'), refused);
} else {
  const consumer = kafka.consumer({ groupId: process.env.GROUP, retry: { retries: 1 } });
  consumer.on('consumer.crash', ({ payload }) => refused(payload.error));
  consumer.on('consumer.fetch', ({ payload }) => { if (payload.numberOfBatches >= 0) say('done'); });
  consumer.connect()
    .then(() => consumer.subscribe({ topics: [topic], fromBeginning: true }))
    .then(() => consumer.run({ eachMessage: async () => say('done') }))
    .catch(refused);
}
`;
