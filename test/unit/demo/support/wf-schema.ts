/**
 * An instance as WfCommons' own schema of 1.5 has it (`wfcommons-schema.json` of https://github.com/wfcommons/WfFormat), for
 * what is written: strict where that only lets more pass. What is read is judged by `demo/engine/wf-format.ts`.
 */
import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1));
const taskId = z.string().check(z.regex(/^[0-9a-zA-Z\-_.]*$/));
const moment = z.iso.datetime();

export const wfInstance = z.strictObject({
  name: text,
  description: z.optional(text),
  createdAt: z.optional(moment),
  schemaVersion: z.literal('1.5'),
  runtimeSystem: z.optional(z.strictObject({ name: text, version: text })),
  workflow: z.strictObject({
    specification: z.strictObject({
      tasks: z
        .array(
          z.strictObject({
            name: text,
            id: taskId.check(z.minLength(1)),
            parents: z.array(taskId),
            children: z.array(taskId),
          }),
        )
        .check(z.minLength(1)),
    }),
    execution: z.strictObject({
      makespanInSeconds: z.number(),
      executedAt: moment,
      tasks: z
        .array(
          z.strictObject({
            id: text,
            executedAt: z.optional(moment),
            runtimeInSeconds: z.number(),
            avgCPU: z.optional(z.number()),
            memoryInBytes: z.optional(z.number()),
            command: z.optional(z.strictObject({ program: text })),
          }),
        )
        .check(z.minLength(1)),
      machines: z.optional(
        z
          .array(
            z.strictObject({
              nodeName: text,
              cpu: z.strictObject({ coreCount: z.int().check(z.minimum(1)) }),
            }),
          )
          .check(z.minLength(1)),
      ),
    }),
  }),
});
