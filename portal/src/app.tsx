/** Which page an address leads to. Pages that few open are loaded when they are. */
import { lazy, Suspense, useEffect } from 'react'
import { type AroundNavHandler, Link, Route, Router, Switch, useLocation } from 'wouter'
import { base } from './api/environment.ts'
import { loadSession, useSessionState } from './api/session.ts'
import { BarredPage } from './frame/barred.tsx'
import { InEnvironment } from './frame/environment.tsx'
import { Frame } from './frame/frame.tsx'
import { useBar } from './frame/navigation.ts'
import { keepScroll } from './frame/scroll.ts'
import { NewSecretPage } from './secrets/new-page.tsx'
import { SecretPage } from './secrets/secret-page.tsx'
import { SecretsPage } from './secrets/secrets-page.tsx'
import { ConfirmAgain, SignInAgain } from './session/again.tsx'
import { EnrolPage } from './session/enrol.tsx'
import { Gate } from './session/gate.tsx'
import { SignInPage } from './session/sign-in.tsx'
import { WelcomePage } from './session/welcome.tsx'
import { WindowEnd } from './session/window-end.tsx'
import { Boundary } from './ui/boundary.tsx'
import { LeavingDialog } from './ui/leaving.tsx'
import { Page, Waiting } from './ui/page.tsx'
import { Loading, Trouble } from './ui/states.tsx'
import { Toasts } from './ui/toast.tsx'
import { leave } from './ui/unsaved.ts'

const OverviewPage = lazy(async () => ({ default: (await import('./overview/overview-page.tsx')).OverviewPage }))
const ListsPage = lazy(async () => ({ default: (await import('./lists/lists-page.tsx')).ListsPage }))
const KeysPage = lazy(async () => ({ default: (await import('./keys/keys-page.tsx')).KeysPage }))
const LoginPage = lazy(async () => ({ default: (await import('./keys/login-page.tsx')).LoginPage }))
const AuditPage = lazy(async () => ({ default: (await import('./audit/audit-page.tsx')).AuditPage }))
const MachinesPage = lazy(async () => ({ default: (await import('./machines/machines-page.tsx')).MachinesPage }))
const CloudInitPage = lazy(async () => ({ default: (await import('./cloud-init/cloud-init-page.tsx')).CloudInitPage }))
const DeletedPage = lazy(async () => ({ default: (await import('./deleted/deleted-page.tsx')).DeletedPage }))
const DeploymentsPage = lazy(async () => ({
  default: (await import('./deployments/deployments-page.tsx')).DeploymentsPage,
}))
const WebhooksPage = lazy(async () => ({ default: (await import('./webhooks/webhooks-page.tsx')).WebhooksPage }))
const TrustPage = lazy(async () => ({ default: (await import('./trust/trust-page.tsx')).TrustPage }))
const EnvironmentsPage = lazy(async () => ({
  default: (await import('./environments/environments-page.tsx')).EnvironmentsPage,
}))
const UsersPage = lazy(async () => ({ default: (await import('./users/users-page.tsx')).UsersPage }))
const SettingsPage = lazy(async () => ({ default: (await import('./settings/settings-page.tsx')).SettingsPage }))

/** An address that replaces another is of the same page, otherwise filtered: that loses nothing. */
const go: AroundNavHandler = (navigate, to, options) => {
  if (options?.replace === true) navigate(to, options)
  else
    leave(() => {
      keepScroll()
      navigate(to, options)
    })
}

export function App({ welcomeToken }: { readonly welcomeToken: string | undefined }) {
  return (
    <Router base={base} aroundNav={go}>
      <Pages welcomeToken={welcomeToken} />
      <SignInAgain />
      <ConfirmAgain />
      <LeavingDialog />
      <Toasts />
    </Router>
  )
}

function Pages({ welcomeToken }: { readonly welcomeToken: string | undefined }) {
  const state = useSessionState()
  useEffect(() => {
    void loadSession()
  }, [])
  if (state.kind === 'loading') {
    return (
      <div className="gate">
        <Loading label="Loading Strongroom" />
      </div>
    )
  }
  if (state.kind === 'failed') {
    return (
      <Gate title="Can’t reach Strongroom">
        <Trouble error={state.error} onRetry={() => void loadSession()} />
      </Gate>
    )
  }
  return (
    <Switch>
      <Route path="/welcome">
        <WelcomePage token={welcomeToken} />
      </Route>
      <Route path="/signed-in" component={WindowEnd} />
      <Route>
        {state.kind !== 'in' ? <SignInPage /> : state.session.enrolment_required ? <EnrolPage /> : <Inside />}
      </Route>
    </Switch>
  )
}

function Inside() {
  const [place] = useLocation()
  const bar = useBar(place)
  if (bar !== undefined) {
    return (
      <Frame>
        <InEnvironment>
          <BarredPage {...bar} />
        </InEnvironment>
      </Frame>
    )
  }
  return (
    <Frame>
      <Boundary key={place}>
        <InEnvironment>
          <Suspense fallback={<Waiting />}>
            <Switch>
              <Route path="/" component={OverviewPage} />
              <Route path="/secrets" component={SecretsPage} />
              <Route path="/secrets/new" component={NewSecretPage} />
              <Route path="/secrets/:id">
                {({ id }) => <SecretPage key={id} id={/^[1-9]\d{0,15}$/.test(id) ? Number(id) : undefined} />}
              </Route>
              <Route path="/lists" component={ListsPage} />
              <Route path="/cloud-init" component={CloudInitPage} />
              <Route path="/deleted" component={DeletedPage} />
              <Route path="/deployments" component={DeploymentsPage} />
              <Route path="/keys" component={KeysPage} />
              <Route path="/device" component={LoginPage} />
              <Route path="/trust-rules" component={TrustPage} />
              <Route path="/machines" component={MachinesPage} />
              <Route path="/environments" component={EnvironmentsPage} />
              <Route path="/users" component={UsersPage} />
              <Route path="/audit" component={AuditPage} />
              <Route path="/webhooks" component={WebhooksPage} />
              <Route path="/settings" component={SettingsPage} />
              <Route component={NowhereRoute} />
            </Switch>
          </Suspense>
        </InEnvironment>
      </Boundary>
    </Frame>
  )
}

function NowhereRoute() {
  return (
    <Page title="Page not found" about="The address is wrong, or the page was removed.">
      <p>
        <Link href="/secrets">Go to secrets</Link>
      </p>
    </Page>
  )
}
