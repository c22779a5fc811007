/** Which target holds which version of which secret. */
import { allPages, pageOf } from './answer.ts'
import type { Connection } from './connection.ts'
import type { Deployment, DeploymentFilter, Page, PageQuery } from './model.ts'
import type { CallOptions } from './options.ts'

export class Deployments {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  list(filter: DeploymentFilter = {}, options?: CallOptions): AsyncGenerator<Deployment, void, undefined> {
    return allPages((query) => this.page({ ...filter, ...query }, options))
  }

  /** Who holds a secret, after its deletion too. */
  async ofSecret(
    id: number,
    query: Pick<DeploymentFilter, 'include'> = {},
    options?: CallOptions,
  ): Promise<readonly Deployment[]> {
    return (await this.#connection.send('GET /v3/secrets/{id}/deployments', { id, query }, options)).body.deployments
  }

  /** When a machine is gone. */
  async delete(id: number, options?: CallOptions): Promise<void> {
    await this.#connection.send('DELETE /v3/deployments/{id}', { id }, options)
  }

  /** One page of the listing; without a limit, all of it. */
  async page(query: DeploymentFilter & PageQuery = {}, options?: CallOptions): Promise<Page<Deployment>> {
    const { body, headers } = await this.#connection.send('GET /v3/deployments', { query }, options)
    return pageOf(body.deployments, headers)
  }
}
