// A life of secrets by a client that openapi-generator made of /openapi.json: it pages, and it locks.
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import strongroom.ApiClient;
import strongroom.ApiException;
import strongroom.api.SecretsApi;
import strongroom.api.SecretsApi.APICreateSecretRequest;
import strongroom.api.SecretsApi.APIGetSecretRequest;
import strongroom.api.SecretsApi.APIListSecretsRequest;
import strongroom.api.SecretsApi.APIUpdateSecretRequest;
import strongroom.model.NewSecret;
import strongroom.model.NewValue;
import strongroom.model.SecretHead;

class Life {
  static void expect(boolean holds, String what) {
    if (!holds) throw new IllegalStateException(what);
  }

  public static void main(String[] arguments) throws ApiException {
    var client = new ApiClient();
    client.updateBaseUri(System.getenv("BASE_URL"));
    client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + System.getenv("API_KEY")));
    var secrets = new SecretsApi(client);

    for (var name : List.of("a", "b", "c", "d", "e")) {
      var made = secrets.createSecret(
          APICreateSecretRequest.newBuilder().newSecret(new NewSecret().name(name).value("of " + name)).build());
      expect(made.getName().equals(name), "create " + name);
    }

    var found = new ArrayList<SecretHead>();
    String cursor = null;
    do {
      var page = secrets.listSecretsWithHttpInfo(APIListSecretsRequest.newBuilder().limit(2).cursor(cursor).build());
      expect(page.getData().getSecrets().size() <= 2, "a page");
      found.addAll(page.getData().getSecrets());
      cursor = page.getHeaders().getOrDefault("strongroom-next-cursor", List.of()).stream().findFirst().orElse(null);
    } while (cursor != null);
    expect(found.stream().map(SecretHead::getName).collect(Collectors.joining()).equals("abcde"), "every page");

    var id = found.get(0).getId();
    var read = secrets.getSecretWithHttpInfo(APIGetSecretRequest.newBuilder().id(id).build());
    expect(read.getData().getValue().equals("of a"), "the value");
    expect(read.getData().getCreatedAt().isBefore(OffsetDateTime.now().plusDays(1)), "a time as such");
    var etag = read.getHeaders().get("etag").get(0);
    var update = APIUpdateSecretRequest.newBuilder().id(id).newValue(new NewValue().value("new")).ifMatch(etag).build();
    secrets.updateSecret(update);
    try {
      secrets.updateSecret(update);
      expect(false, "refuse an update of a version that is old");
    } catch (ApiException refused) {
      expect(refused.getCode() == 412 && refused.getResponseBody().contains("stale_version"), "the problem");
    }

    var none = secrets.listSecrets(APIListSecretsRequest.newBuilder().expiresBefore(OffsetDateTime.now()).build());
    expect(none.getSecrets().isEmpty(), "a time that Java writes");
    System.out.println("It went well.");
  }
}
