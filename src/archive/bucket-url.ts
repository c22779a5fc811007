/** A bucket of a storage that speaks as Amazon S3 does, as a URL names it: `s3://bucket/prefix?region=…&endpoint=…`. It holds no credentials. */
import { isSafeUrl } from '../this-host.ts'
export interface Bucket {
  readonly name: string
  /** What the names of its objects begin with: nothing, or a path that ends in a slash. */
  readonly prefix: string
  readonly region: string | undefined
  readonly endpoint: string | undefined
}

const scheme = 's3:'
const names = {
  bucket: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  prefix: /^(?:[\w.-]+\/)*$/,
  region: /^[a-z0-9-]{1,40}$/,
}

/** Whether a bucket is named, and no folder. */
export function isBucket(place: string): boolean {
  return place.startsWith(scheme)
}

/**
 * What `s3://bucket/prefix?region=…&endpoint=…` names.
 *
 * @returns the fault, to be said behind what holds it
 */
export function readBucket(url: string): Bucket | string {
  const found = /^s3:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(url)
  const [, name = '', path = '', query = ''] = found ?? []
  if (!names.bucket.test(name)) return 'must name a bucket: s3://bucket/prefix?region=eu-central-1'
  const prefix = path === '' || path.endsWith('/') ? path : `${path}/`
  if (!names.prefix.test(prefix)) return 'may have letters, digits, dots, - and _ between the slashes behind the bucket'
  const parameters = new URLSearchParams(query)
  const unknown = [...parameters.keys()].find((key) => key !== 'region' && key !== 'endpoint')
  if (unknown !== undefined) return 'may have region= and endpoint= behind the question mark, and nothing else'
  if (parameters.getAll('region').length > 1 || parameters.getAll('endpoint').length > 1) return 'must say each once'
  const region = parameters.get('region') ?? undefined
  const endpoint = parameters.get('endpoint') ?? undefined
  if (region !== undefined && !names.region.test(region))
    return 'must have a region behind region=, such as eu-central-1'
  if (endpoint !== undefined && !isEndpoint(endpoint)) {
    return 'must have an address with https:// behind endpoint=, or one of this host, and neither a user nor a path'
  }
  return { name, prefix, region, endpoint }
}

/** The address of a storage, which holds no credentials. */
function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const { username, password, pathname, search, hash } = url
  if (username !== '' || password !== '' || pathname !== '/' || search !== '' || hash !== '') return false
  return isSafeUrl(url)
}
