// A secret from its making to its end, and the ways to log in, through vault-java-driver, as it does it with Vault.
import io.github.jopenlibs.vault.Vault;
import io.github.jopenlibs.vault.VaultConfig;
import io.github.jopenlibs.vault.VaultException;
import io.github.jopenlibs.vault.api.WriteOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class Driver {
  interface Work {
    void run() throws VaultException;
  }

  static void expect(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  static int statusOf(Work work) {
    try {
      work.run();
      return 0;
    } catch (VaultException refusal) {
      return refusal.getHttpStatusCode();
    }
  }

  static Vault client(String token) throws VaultException {
    var config = new VaultConfig().address(System.getenv("VAULT_ADDR")).engineVersion(2);
    return Vault.create((token == null ? config : config.token(token)).build());
  }

  public static void main(String[] none) throws Exception {
    var vault = client(System.getenv("VAULT_TOKEN"));
    expect(vault.debug().health().getInitialized() && !vault.seal().sealStatus().getSealed(), "be well");
    var logical = vault.logical();
    var once = new WriteOptions().checkAndSet(0L).build();
    var made = logical.write("secret/life/driver", Map.of("user", "u"), null, once);
    expect(made.getRestResponse().getStatus() == 200, "make");
    var second = logical.write("secret/life/driver", Map.of("user", "v"), null, once);
    expect(second.getRestResponse().getStatus() == 400, "refuse a second one");
    logical.write("secret/life/driver", Map.of("user", "v", "port", 5432));
    var read = logical.read("secret/life/driver");
    expect(read.getData().equals(Map.of("user", "v", "port", "5432")) && read.getDataMetadata().getVersion() == 2, "read");
    expect(logical.read("secret/life/driver", true, 1).getData().equals(Map.of("user", "u")), "read the first version");
    expect(logical.list("secret/life").getListData().equals(List.of("driver")), "list a folder");
    expect(logical.delete("secret/life/driver", new int[] {2}).getRestResponse().getStatus() == 204, "delete a version");
    expect(logical.read("secret/life/driver").getRestResponse().getStatus() == 404, "know that it is deleted");
    expect(logical.unDelete("secret/life/driver", new int[] {2}).getRestResponse().getStatus() == 204, "undelete");

    var pod = Files.readString(Path.of("pod.token"));
    for (var login : List.of(
        client(null).auth().loginByAppRole(System.getenv("ROLE_ID"), System.getenv("SECRET_ID")),
        client(null).auth().loginByJwt("jwt", "ci", System.getenv("JWT")),
        client(null).auth().loginByKubernetes("pod", pod))) {
      var own = client(login.getAuthClientToken());
      expect(own.auth().lookupSelf().getPolicies().equals(login.getAuthPolicies()), "look the token up");
      expect(own.logical().read("secret/life/driver").getData().get("user").equals("v"), "read what the role may read");
      expect(own.logical().write("secret/life/driver", Map.of("user", "w")).getRestResponse().getStatus() == 403, "not write");
      expect(!login.isAuthRenewable() && statusOf(() -> own.auth().renewSelf()) == 400, "not renew");
      own.auth().revokeSelf();
      expect(statusOf(() -> own.auth().lookupSelf()) == 403, "be nothing then");
    }
    expect(logical.destroy("secret/life/driver", new int[] {1}).getRestResponse().getStatus() == 204, "destroy a version");

    var wrapped = logical.write("secret/life/wrapped", Map.of("user", "u"), 60).getWrapResponse();
    expect(wrapped.getTtl() == 60, "wrap an answer");
    expect(vault.auth().unwrap(wrapped.getToken()).getData().getInt("version", 0) == 1, "unwrap");
    expect(statusOf(() -> vault.auth().unwrap(wrapped.getToken())) == 400, "unwrap once");
    logical.delete("secret/life/driver");
    System.out.println("Went well");
  }
}
