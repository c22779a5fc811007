/** The thread that judges passwords: it has the dictionaries of words and of passwords that have leaked. */
import { parentPort } from 'node:worker_threads'
import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common'
import type { Answer, Question } from './strength.ts'

const estimator = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs })

parentPort?.on('message', ({ id, parts, about }: Question) => {
  const scores = parts.map((part) => estimator.check(part, ['strongroom', ...about]).score)
  parentPort?.postMessage({ id, score: Math.max(...scores) } satisfies Answer)
})
