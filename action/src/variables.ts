/** Names of outputs and of environment variables: made from names of secrets, and those that would be dangerous to set. */

/** In capitals. Whatever begins so is the runner's own, or is taken as an instruction by some program. */
const dangerousBeginnings = [
  ...['GITHUB_', 'RUNNER_', 'ACTIONS_', 'INPUT_', 'STATE_', 'STRONGROOM_'],
  ...['BASH_FUNC_', 'DYLD_', 'GIT_CONFIG', 'NPM_CONFIG_', 'COREHOST_', 'CORECLR_', 'COR_', 'COMPLUS_', 'TF_CLI_'],
]

/** In capitals: by them programs find or run code, or decide whom to trust. */
const dangerousNames = new Set([
  // Where programs are looked for, and what shells run or split by.
  ...['CI', 'PATH', 'PATHEXT', 'HOME', 'USERPROFILE', 'SHELL', 'COMSPEC', 'SYSTEMROOT', 'WINDIR', 'PSMODULEPATH'],
  ...['PWD', 'OLDPWD', 'CDPATH', 'TMPDIR', 'TEMP', 'TMP', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'ZDOTDIR', 'FPATH'],
  ...['IFS', 'ENV', 'BASH_ENV', 'BASHOPTS', 'SHELLOPTS', 'PROMPT_COMMAND', 'PS4'],
  // What is loaded into every process.
  ...['LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT', 'LD_DEBUG', 'LD_DEBUG_OUTPUT', 'LD_PROFILE', 'LD_ORIGIN_PATH'],
  ...['GCONV_PATH', 'GLIBC_TUNABLES', 'LOCPATH', 'NLSPATH', 'GETCONF_DIR', 'MALLOC_TRACE', 'RESOLV_HOST_CONF'],
  // What programs start: editors, pagers, askers, compilers.
  ...['EDITOR', 'VISUAL', 'PAGER', 'BROWSER', 'LESSOPEN', 'LESSCLOSE', 'MANPAGER', 'SSH_ASKPASS', 'SSH_AUTH_SOCK'],
  ...['SUDO_ASKPASS', 'GIT_ASKPASS', 'GIT_SSH', 'GIT_SSH_COMMAND', 'GIT_EDITOR', 'GIT_SEQUENCE_EDITOR', 'GIT_PAGER'],
  ...['GIT_EXTERNAL_DIFF', 'GIT_PROXY_COMMAND', 'GIT_EXEC_PATH', 'GIT_TEMPLATE_DIR', 'GIT_DIR', 'GIT_WORK_TREE'],
  ...['CC', 'CXX', 'CPP', 'LD', 'AR', 'MAKE', 'MAKEFLAGS', 'CFLAGS', 'CXXFLAGS', 'CPPFLAGS', 'LDFLAGS'],
  ...['CMAKE_TOOLCHAIN_FILE', 'PKG_CONFIG', 'PKG_CONFIG_PATH'],
  // What interpreters and build tools load.
  ...['NODE_OPTIONS', 'NODE_PATH', 'NODE_REPL_EXTERNAL_MODULE', 'YARN_YARN_PATH', 'YARN_PLUGINS', 'YARN_RC_FILENAME'],
  ...['PYTHONPATH', 'PYTHONHOME', 'PYTHONSTARTUP', 'PYTHONUSERBASE', 'PYTHONINSPECT', 'PYTHONBREAKPOINT'],
  ...['PYTHONWARNINGS', 'PYTHONEXECUTABLE', 'PIP_INDEX_URL', 'PIP_EXTRA_INDEX_URL', 'PIP_CONFIG_FILE'],
  ...['PERL5LIB', 'PERLLIB', 'PERL5OPT', 'PERL5DB', 'RUBYOPT', 'RUBYLIB', 'BUNDLE_GEMFILE', 'BUNDLE_PATH'],
  ...['GEM_HOME', 'GEM_PATH', 'PHPRC', 'PHP_INI_SCAN_DIR', 'LUA_INIT', 'LUA_PATH', 'LUA_CPATH', 'R_PROFILE'],
  ...['JAVA_HOME', 'JAVA_OPTS', 'JAVA_TOOL_OPTIONS', '_JAVA_OPTIONS', 'JDK_JAVA_OPTIONS', 'CLASSPATH'],
  ...['MAVEN_OPTS', 'MAVEN_ARGS', 'MAVEN_CONFIG', 'GRADLE_OPTS', 'GRADLE_HOME', 'GRADLE_USER_HOME', 'SBT_OPTS'],
  ...['DOTNET_ROOT', 'DOTNET_STARTUP_HOOKS', 'DOTNET_ADDITIONAL_DEPS', 'DOTNET_SHARED_STORE'],
  ...['GOFLAGS', 'GOPROXY', 'GOPRIVATE', 'GONOSUMDB', 'GOSUMDB', 'GOENV', 'GOROOT', 'GOPATH', 'GOTOOLCHAIN'],
  ...['CGO_CFLAGS', 'CGO_LDFLAGS', 'RUSTC', 'RUSTC_WRAPPER', 'RUSTC_WORKSPACE_WRAPPER', 'RUSTFLAGS', 'RUSTUP_HOME'],
  ...['CARGO_HOME', 'CARGO_BUILD_RUSTC', 'CARGO_BUILD_RUSTC_WRAPPER', 'DOCKER_HOST', 'DOCKER_CONFIG', 'KUBECONFIG'],
  // Whom to trust, and through whom to speak.
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'FTP_PROXY', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
  ...['NODE_EXTRA_CA_CERTS', 'NODE_TLS_REJECT_UNAUTHORIZED', 'GIT_SSL_NO_VERIFY', 'GIT_SSL_CAINFO', 'CURL_CA_BUNDLE'],
  ...['CURL_HOME', 'REQUESTS_CA_BUNDLE', 'OPENSSL_CONF', 'OPENSSL_MODULES', 'OPENSSL_ENGINES', 'SSLKEYLOGFILE'],
])

/** @returns `undefined` where the name begins with a digit, so that no variable can have it */
export function variableOf(secret: string): string | undefined {
  const name = secret.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_')
  return isVariable(name) ? name : undefined
}

export function isVariable(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(name)
}

/** Whether a value there could make later steps run something, find something else, or trust somebody else. */
export function isDangerous(name: string): boolean {
  const capitals = name.toUpperCase()
  return dangerousNames.has(capitals) || dangerousBeginnings.some((beginning) => capitals.startsWith(beginning))
}
