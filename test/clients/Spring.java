// A secret from its making to its end, and the ways to log in, through Spring Vault, as it does it with Vault.
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.springframework.http.client.SimpleClientHttpRequestFactory;
import org.springframework.vault.VaultException;
import org.springframework.vault.authentication.AppRoleAuthentication;
import org.springframework.vault.authentication.AppRoleAuthenticationOptions;
import org.springframework.vault.authentication.ClientAuthentication;
import org.springframework.vault.authentication.JwtAuthentication;
import org.springframework.vault.authentication.JwtAuthenticationOptions;
import org.springframework.vault.authentication.KubernetesAuthentication;
import org.springframework.vault.authentication.KubernetesAuthenticationOptions;
import org.springframework.vault.authentication.LoginToken;
import org.springframework.vault.authentication.TokenAuthentication;
import org.springframework.vault.client.SimpleVaultEndpointProvider;
import org.springframework.vault.client.VaultClients;
import org.springframework.vault.client.VaultEndpoint;
import org.springframework.vault.core.VaultKeyValueOperationsSupport.KeyValueBackend;
import org.springframework.vault.core.VaultTemplate;
import org.springframework.vault.support.VaultMetadataRequest;
import org.springframework.vault.support.Versioned;
import org.springframework.vault.support.Versioned.Version;

class Spring {
  static void expect(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  static boolean isRefused(Supplier<?> work, String words) {
    try {
      work.get();
      return false;
    } catch (VaultException refusal) {
      if (refusal.getMessage().contains(words)) return true;
      throw refusal;
    }
  }

  public static void main(String[] none) throws Exception {
    var endpoint = VaultEndpoint.from(URI.create(System.getenv("VAULT_ADDR")));
    var vault = new VaultTemplate(endpoint, new TokenAuthentication(System.getenv("VAULT_TOKEN")));
    expect(vault.opsForSys().isInitialized() && vault.opsForSys().health().isInitialized(), "be well");
    expect(vault.opsForSys().getMounts().containsKey("secret/"), "know the mount");

    var kv = vault.opsForVersionedKeyValue("secret");
    expect(kv.put("life/spring", Map.of("user", "u", "port", 5432)).getVersion().getVersion() == 1, "make");
    var second = Versioned.create(Map.of("user", "v"), Version.unversioned());
    expect(isRefused(() -> kv.put("life/spring", second), "check-and-set"), "refuse a second one");
    kv.put("life/spring", Versioned.create(Map.of("user", "v"), Version.from(1)));
    expect(kv.get("life/spring").getData().equals(Map.of("user", "v")), "read");
    expect(kv.get("life/spring", Version.from(1)).getData().equals(Map.of("user", "u", "port", 5432)), "read the first version");
    expect(vault.opsForKeyValue("secret", KeyValueBackend.KV_2).patch("life/spring", Map.of("password", "p")), "patch");
    expect(kv.get("life/spring").getData().equals(Map.of("user", "v", "password", "p")), "read what was patched");
    expect(kv.list("life").equals(List.of("spring")), "list a folder");

    var known = kv.opsForKeyValueMetadata();
    known.put("life/spring", VaultMetadataRequest.builder().customMetadata(Map.of("description", "of a life")).build());
    // Its own answer to metadata leaves these out.
    var custom = kv.get("life/spring").getMetadata().getCustomMetadata();
    expect(custom.equals(Map.of("description", "of a life")), "read metadata");
    expect(known.get("life/spring").getVersions().size() == 3, "list versions");

    kv.delete("life/spring");
    expect(isGone(kv.get("life/spring")), "know that it is deleted");
    kv.undelete("life/spring", Version.from(3));
    expect(kv.get("life/spring").getData().get("user").equals("v"), "read what was deleted");

    kv.destroy("life/spring", Version.from(1));
    expect(isGone(kv.get("life/spring", Version.from(1))), "know that a version is destroyed");

    var wrapping = vault.opsForWrapping();
    var wrapped = wrapping.wrap(Map.of("a", "b"), Duration.ofSeconds(60));
    expect(wrapping.lookup(wrapped.getToken()).getTtl().equals(Duration.ofSeconds(60)), "look up what is wrapped");
    var again = wrapping.rewrap(wrapped.getToken());
    expect(wrapping.read(again.getToken()).getData().equals(Map.of("a", "b")), "unwrap");
    expect(wrapping.read(again.getToken()) == null, "unwrap once");

    var client = VaultClients.createRestClient(SimpleVaultEndpointProvider.of(endpoint), new SimpleClientHttpRequestFactory(), builder -> {});
    var appRole = AppRoleAuthenticationOptions.builder()
        .roleId(AppRoleAuthenticationOptions.RoleId.provided(System.getenv("ROLE_ID")))
        .secretId(AppRoleAuthenticationOptions.SecretId.provided(System.getenv("SECRET_ID")))
        .build();
    // As a deployment hands a machine its secret id.
    var handed = wrapping.wrap(Map.of("secret_id", System.getenv("SECRET_ID")), Duration.ofSeconds(60)).getToken();
    var appRoleOfMachine = AppRoleAuthenticationOptions.builder()
        .roleId(AppRoleAuthenticationOptions.RoleId.provided(System.getenv("ROLE_ID")))
        .secretId(AppRoleAuthenticationOptions.SecretId.wrapped(handed))
        .build();
    var jwt = JwtAuthenticationOptions.builder().role("ci").jwt(System.getenv("JWT")).build();
    var pod = Files.readString(Path.of("pod.token"));
    var kubernetes = KubernetesAuthenticationOptions.builder().role("pod").jwtSupplier(() -> pod).build();
    for (ClientAuthentication login : List.of(
        new AppRoleAuthentication(appRole, client),
        new AppRoleAuthentication(appRoleOfMachine, client),
        new JwtAuthentication(jwt, client),
        new KubernetesAuthentication(kubernetes, client))) {
      var token = login.login();
      expect(token instanceof LoginToken given && !given.isRenewable(), "log in");
      var own = new VaultTemplate(endpoint, new TokenAuthentication(token)).opsForVersionedKeyValue("secret");
      expect(own.get("life/spring").getData().get("user").equals("v"), "read what the role may read");
      expect(isRefused(() -> own.put("life/spring", Map.of("user", "w")), "permission denied"), "not write");
    }
    known.delete("life/spring");
    expect(isGone(kv.get("life/spring")), "know that all of it is gone");
    System.out.println("Went well");
  }

  static boolean isGone(Versioned<?> read) {
    return read == null || !read.hasData();
  }
}
