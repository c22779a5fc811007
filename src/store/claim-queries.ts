/**
 * Who claims addresses, found by the order of the claims. No two of them meet, as whoever makes one has seen to: so the one
 * that begins last at or before an address is the only one that can hold it, and others of a range begin within it.
 */
import { all } from './sql.ts'
import { machineAddresses } from './tables/machine.ts'

const columns = all(machineAddresses).sql

/** For SQLite: by the first address of a range; and by the first and the last one. */
export const claimBefore = `select ${columns} from machine_addresses where first <= ? order by first desc limit 1`
export const claimsWithin = `select ${columns} from machine_addresses where first > ? and first <= ? order by first`

/** For PostgreSQL: by an array of the first addresses of ranges, and one of the last ones. */
export const claimsOn = `
  select distinct ${all(machineAddresses, 'm').sql} from unnest($1::text[], $2::text[]) r (f, l)
  cross join lateral (
    (select ${columns} from machine_addresses where first <= r.f collate "C" order by first desc limit 1)
    union all
    select ${columns} from machine_addresses where first > r.f collate "C" and first <= r.l collate "C"
  ) m
  where m.last >= r.f collate "C"`
