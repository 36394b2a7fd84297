import kafkajs, { type ICustomPartitioner, type Message } from 'kafkajs';

/** Chooses partitions for one producer and remembers the choice, because the broker's answer names no records. */
export class Partitioning {
  readonly #chosen = new Map<Message, number>();
  readonly #byKey = kafkajs.Partitioners.DefaultPartitioner();
  #publishes = 0;

  /** Records without a key of one publish all go to one partition, of the next publish to the next one. */
  next(): void {
    this.#publishes += 1;
  }

  /** Lets go of the messages of the publish before. */
  forget(): void {
    this.#chosen.clear();
  }

  readonly partitioner: ICustomPartitioner = () => (args) => {
    const { message, partitionMetadata } = args;
    const partition =
      message.key === null || message.key === undefined
        ? this.#inTurn(partitionMetadata.map(({ partitionId }) => partitionId))
        : this.#byKey(args);
    this.#chosen.set(message, partition);
    return partition;
  };

  of(message: Message): number | undefined {
    return this.#chosen.get(message);
  }

  #inTurn(partitions: number[]): number {
    const sorted = partitions.sort((a, b) => a - b);
    return sorted[this.#publishes % sorted.length] ?? 0;
  }
}
