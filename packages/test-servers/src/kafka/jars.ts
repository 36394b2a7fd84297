import { spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const kafkaVersion = '4.3.1';
const fetchTimeoutMs = 240_000;

// slf4j finds no binding without the second artifact, and a broker that cannot log cannot be diagnosed.
const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>lethe.test-servers</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${kafkaVersion}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.4</version></dependency>
  </dependencies>
</project>
`;

const repositoryRoot = (): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'turbo.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('the repository root was not found');
    folder = parent;
  }
  return folder;
};

/** Whether a program of this name can be started from PATH. */
export const onPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

const runMaven = (folder: string, outputFolder: string): Promise<boolean> =>
  new Promise((resolve) => {
    const goal = 'dependency:copy-dependencies';
    const args = ['-q', '-B', '-f', join(folder, 'pom.xml'), goal];
    const maven = spawn('mvn', [...args, '-DincludeScope=runtime', `-DoutputDirectory=${outputFolder}`], {
      stdio: 'ignore',
      timeout: fetchTimeoutMs,
      killSignal: 'SIGKILL',
    });
    maven.on('error', () => resolve(false));
    maven.on('exit', (code) => resolve(code === 0));
  });

/** The folder with the broker's jars, fetched once per version; undefined when Maven could not get them. */
export const kafkaJars = async (): Promise<string | undefined> => {
  const cache = join(repositoryRoot(), '.cache');
  const target = join(cache, `kafka-${kafkaVersion}`);
  if (existsSync(target)) return target;
  if (!onPath('mvn')) return undefined;
  mkdirSync(cache, { recursive: true });
  const project = mkdtempSync(join(tmpdir(), 'lethe-kafka-pom-'));
  const staging = mkdtempSync(join(cache, `kafka-${kafkaVersion}-`));
  try {
    writeFileSync(join(project, 'pom.xml'), pom);
    if (!(await runMaven(project, staging))) return undefined;
    // By rename, so that two test workers that fetch at once never see half a folder.
    try {
      renameSync(staging, target);
    } catch {
      return existsSync(target) ? target : undefined;
    }
    return target;
  } finally {
    rmSync(project, { recursive: true, force: true });
    rmSync(staging, { recursive: true, force: true });
  }
};
