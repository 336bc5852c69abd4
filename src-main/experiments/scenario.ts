/** The scenario language: what happens in a run and what is expected of it. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { NODES_MAX, NODES_MIN } from '../cluster/cluster.ts';
import { durationSchema } from './duration.ts';
import { flawOfOptions, optionsSchema, withOverrides } from './options.ts';
import { profileNames, readProfile } from './profile.ts';
import { flawOfSteps } from './scenario-membership.ts';
import { nodeName, stepSchema } from './scenario-step.ts';
import { resourceFolder } from './resources.ts';
import { checkYaml, FileError, readYamlFile } from './yaml-file.ts';

const EXPECTATIONS = [
  'newLeaderWithin',
  'acknowledgedWritesLost',
  'leader',
  'configuration',
  'logCompacted',
] as const;

const names = z.array(nodeName).max(9, 'at most 9 nodes');
const expectation = z
  .strictObject({
    newLeaderWithin: durationSchema.optional(),
    acknowledgedWritesLost: z.literal(0, 'only 0 makes sense: no acknowledged write may be lost').optional(),
    /** At the end: this node, or any. */
    leader: z
      .union([z.literal('any'), nodeName], { error: 'a leader is any or a node such as n2' })
      .optional(),
    /** The last that was committed. */
    configuration: z
      .strictObject({ voters: names.min(1, 'somebody must have a vote'), learners: names.default([]) })
      .superRefine(({ voters, learners }, context) => {
        const both = learners.find((node) => voters.includes(node));
        if (both !== undefined)
          context.addIssue({
            code: 'custom',
            path: ['learners'],
            message: `${both} is both voter and learner`,
          });
      })
      .optional(),
    /** At the end each member has a snapshot, and its log begins later than the first entry. */
    logCompacted: z.literal(true, 'only true makes sense').optional(),
  })
  .refine((fields) => Object.values(fields).filter((value) => value !== undefined).length === 1, {
    error: `an expectation is exactly one of ${EXPECTATIONS.join(', ')}`,
  });
export type Expectation = z.infer<typeof expectation>;

export const scenarioSchema = z
  .strictObject({
    format: z.literal('quorum-lab/scenario', 'a scenario begins with "format: quorum-lab/scenario"'),
    version: z.literal(1, 'this version of Quorum Lab reads scenarios of version 1'),
    title: z.string().trim().min(1).max(120),
    description: z.string().default(''),
    cluster: z.strictObject({
      nodes: z
        .number('a number of nodes')
        .int()
        .min(NODES_MIN, `a cluster has ${NODES_MIN} to ${NODES_MAX} nodes`)
        .max(NODES_MAX, `a cluster has ${NODES_MIN} to ${NODES_MAX} nodes`),
      profile: z.string().refine((name) => profileNames().includes(name), {
        error: ({ input }) =>
          `there is no profile "${String(input)}"; there are ${profileNames().join(', ')}`,
      }),
      options: optionsSchema.default({}),
    }),
    workload: z
      .strictObject({
        clients: z.number().int().min(0).max(256).default(0),
        keys: z.number().int().min(1).max(1_000_000).default(100),
        valueBytes: z.number().int().min(1).max(65_536).default(128),
        readRatio: z.number().min(0).max(1).default(0),
      })
      .default({ clients: 0, keys: 100, valueBytes: 128, readRatio: 0 }),
    steps: z.array(stepSchema).min(1).max(1_000),
    expect: z.array(expectation).default([]),
  })
  .superRefine((scenario, context) => {
    const broken = flawOfSteps(scenario.cluster.nodes, scenario.steps);
    if (broken !== undefined) {
      const { step, field, message } = broken;
      context.addIssue({ code: 'custom', path: ['steps', step, field], message });
    }
    const { profile, options } = scenario.cluster;
    const flaw = profileNames().includes(profile)
      ? flawOfOptions(withOverrides(readProfile(profile).options, options))
      : undefined;
    if (flaw !== undefined)
      context.addIssue({ code: 'custom', path: ['cluster', 'options', flaw.option], message: flaw.text });
    if (scenario.steps.at(-1)?.end === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['steps', scenario.steps.length - 1],
        message: 'the last step must be "end: run"',
      });
    }
  });
export type Scenario = z.infer<typeof scenarioSchema>;

/** Reads a scenario file. Throws {@link FileError} with file, line and column. */
export function readScenario(file: string): { scenario: Scenario; text: string } {
  const { value, text } = readYamlFile(file, scenarioSchema);
  return { scenario: value, text };
}

/** Checks scenario text; `file` is used in messages only. Throws {@link FileError}. */
export function parseScenario(file: string, text: string): Scenario {
  return checkYaml(file, text, scenarioSchema);
}

export function shippedScenarios(): { name: string; scenario: Scenario; text: string }[] {
  const folder = path.join(resourceFolder(), 'scenarios');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => ({ name: file.slice(0, -'.yaml'.length), ...readScenario(path.join(folder, file)) }));
}

/** Throws {@link FileError} for a name that is no shipped scenario. */
export function shippedScenario(name: string): { scenario: Scenario; text: string } {
  const found = shippedScenarios().find((shipped) => shipped.name === name);
  if (!found)
    throw new FileError(
      `There is no scenario "${name}"; there are ${shippedScenarios()
        .map((s) => s.name)
        .join(', ')}.`,
    );
  return found;
}
