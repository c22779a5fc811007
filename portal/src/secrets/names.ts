/** Whether secrets of some names are there: each name is a question, asked once somebody has stopped typing it. */
import { useQueries } from '@tanstack/react-query'
import { useMemo } from 'react'
import { isSecretName } from '../../../src/model/name.ts'
import { read } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { useLater } from '../ui/later.ts'
import { secretsKey } from './queries.ts'

export interface Names {
  /** Whether the secret is there; nothing while that is not known. */
  isThere(name: string): boolean | undefined
}

/** @param names those that are asked for, each once */
export function useNames(names: readonly string[]): Names {
  const asked = useLater(names.join('\n'))
  const wanted = useMemo(() => [...new Set(asked.split('\n'))].filter((name) => isSecretName(name)), [asked])
  const answers = useQueries({
    queries: wanted.map((name) => ({
      queryKey: [...secretsKey, 'named', name],
      queryFn: ({ signal }: { readonly signal: AbortSignal }) =>
        read(async () => (await strongroom.secrets.page({ name, limit: 1 }, { signal })).items.length > 0),
    })),
  })
  const text = wanted.map((name, at) => `${name} ${answers[at]?.data}`).join('\n')
  // The same answers are the same object, so that what is made of them is made once.
  return useMemo(() => {
    const known = new Map(text.split('\n').map((line) => [line.split(' ')[0], line.split(' ')[1]]))
    return {
      isThere: (name) => {
        if (!isSecretName(name)) return false
        const said = known.get(name)
        return said === 'true' ? true : said === 'false' ? false : undefined
      },
    }
  }, [text])
}
