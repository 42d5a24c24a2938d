using System.Text;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Webhooks;
using Broadcast.Media.IngestToControl;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Webhooks over the API of a complete control module.</summary>
public sealed class WebhookApiTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Webhook_API_creates_tests_changes_rotates_and_deletes_a_webhook()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString,
            settings: ("Control:AllowedWebhookTargets", "127.0.0.0/8"));
        var admin = await server.TokenAsync(TokenRole.Admin);

        var (status, created, response) = await server.SendAsync("POST", "/api/v1/webhooks", admin,
            new { url = receiver.Address + "/a", label = "Shop", types = new[] { "publish.started" } });
        var id = created.GetProperty("webhook").GetProperty("id").GetString()!;
        var secret = created.GetProperty("secret").GetString()!;
        status.ShouldBe(201);
        response.Headers.Location!.ToString().ShouldBe($"/api/v1/webhooks/{id}");
        secret.ShouldStartWith("whsec_");
        (await server.SendAsync("GET", $"/api/v1/webhooks/{id}", admin)).Body.GetRawText().ShouldNotContain(secret);
        (await server.SendAsync("GET", "/api/v1/webhooks", admin)).Body.GetRawText().ShouldNotContain(secret);

        var (_, test, _) = await server.SendAsync("POST", $"/api/v1/webhooks/{id}/test", admin);
        (test.GetProperty("state").GetString(), test.GetProperty("status").GetInt32()).ShouldBe(("delivered", 200));
        receiver.Asked.ShouldHaveSingleItem().Json.GetProperty("type").GetString().ShouldBe("webhook.test");

        var (_, changed, _) = await server.SendAsync("PATCH", $"/api/v1/webhooks/{id}", admin,
            new { url = receiver.Address + "/b", types = Array.Empty<string>() });
        (changed.GetProperty("label").GetString(), changed.GetProperty("types").GetArrayLength(),
            changed.GetProperty("url").GetString()).ShouldBe(("Shop", 0, receiver.Address + "/b"));
        var (_, rotated, _) = await server.SendAsync("POST", $"/api/v1/webhooks/{id}/rotate", admin, new { });
        rotated.GetProperty("secret").GetString().ShouldNotBe(secret);
        rotated.GetProperty("webhook").GetProperty("previousSecretExpiresAt").GetDateTimeOffset()
            .ShouldBeGreaterThan(TimeProvider.System.GetUtcNow());

        (await server.SendAsync("DELETE", $"/api/v1/webhooks/{id}", admin)).Status.ShouldBe(204);
        (await server.SendAsync("GET", $"/api/v1/webhooks/{id}", admin)).Status.ShouldBe(404);
        (await server.SendAsync("POST", $"/api/v1/webhooks/{id}/test", admin)).Status.ShouldBe(404);
        (await server.SendAsync("GET", $"/api/v1/webhooks/{id}/deliveries", admin)).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("""{}""", "url")]
    [InlineData("""{"url":"ftp://example.org/"}""", "url")]
    [InlineData("""{"url":"https://user:secret@example.org/"}""", "url")]
    [InlineData("""{"url":"https://example.org/#part"}""", "url")]
    [InlineData("""{"url":"/hook"}""", "url")]
    [InlineData("""{"url":"http://127.0.0.1/"}""", "url")]
    [InlineData("""{"url":"http://169.254.169.254/latest/meta-data/"}""", "url")]
    [InlineData("""{"url":"http://[::ffff:10.0.0.1]/"}""", "url")]
    [InlineData("""{"url":"http://localhost:5432/"}""", "url")]
    [InlineData("""{"url":"https://example.org/","types":["publish"],"channels":["Bad Name"],"enabled":"yes"}""", "channels,enabled,types")]
    [InlineData("""{"url":"https://example.org/","types":"event.live","label":"a\nb"}""", "label,types")]
    public async Task Every_invalid_member_of_a_webhook_is_listed(string json, string members)
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (status, problem, _) = await server.SendAsync("POST", "/api/v1/webhooks", await server.TokenAsync(TokenRole.Admin),
            new StringContent(json, Encoding.UTF8, "application/json"));
        status.ShouldBe(400);
        string.Join(',', problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal))
            .ShouldBe(members);
    }

    [Fact]
    public async Task Publish_start_and_stop_are_delivered_at_once_logged_and_replayable()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString,
            settings: ("Control:AllowedWebhookTargets", "127.0.0.0/8"));
        var admin = await server.TokenAsync(TokenRole.Admin);
        var (_, made, _) = await server.SendAsync("POST", "/api/v1/webhooks", admin, new { url = receiver.Address });
        var id = made.GetProperty("webhook").GetProperty("id").GetString();
        var key = (await server.Get<ChannelRepository>().CreateAsync("demo", new(ReconnectWindow: TimeSpan.Zero))).Key;

        var grant = ((PublishDecision.Granted)await server.AskAsync(key.StreamKey)).Grant;
        await server.Get<IPublishAuthorizer>().ReportEndAsync(grant, "closed by the encoder", default);
        await Broadcast.Testing.Poll.UntilAsync(() => receiver.Asked.Count == 2);

        var (started, stopped) = (receiver.Asked.First().Json, receiver.Asked.Last().Json);
        (started.GetProperty("type").GetString(), stopped.GetProperty("type")
            .GetString()).ShouldBe((WebhookEventTypes.PublishStarted, WebhookEventTypes.PublishStopped));
        started.GetProperty("data").GetProperty("session").GetString().ShouldBe(grant.Session.Id.Value);
        started.GetProperty("data").GetProperty("keyId").GetString().ShouldBe(key.Key.Id);
        stopped.GetProperty("data").GetProperty("reason").GetString().ShouldBe("closed by the encoder");
        stopped.GetProperty("data").GetProperty("sessionOpen").GetBoolean().ShouldBeFalse();
        receiver.Asked.ShouldAllBe(a => !a.Text.Contains(key.StreamKey));

        await Broadcast.Testing.Poll.UntilAsync(async () =>
            (await server.Get<WebhookDeliveryLog>().ListAsync(id!, DeliveryState.Delivered)).Count == 2);
        var (_, log, _) = await server.SendAsync("GET", $"/api/v1/webhooks/{id}/deliveries?limit=1&state=delivered", admin);
        log[0].GetProperty("type").GetString().ShouldBe(WebhookEventTypes.PublishStopped);
        var last = log[0].GetProperty("id").GetInt64();
        (await server.SendAsync("GET", $"/api/v1/webhooks/{id}/deliveries?before={last}", admin)).Body.GetArrayLength().ShouldBe(1);
        foreach (var bad in (string[])["limit=0", "state=lost", "before=x"])
        {
            (await server.SendAsync("GET", $"/api/v1/webhooks/{id}/deliveries?{bad}", admin)).Status.ShouldBe(400);
        }

        (await server.SendAsync("POST", $"/api/v1/webhooks/{id}/deliveries/{last}/replay", admin)).Status.ShouldBe(202);
        await Broadcast.Testing.Poll.UntilAsync(() => receiver.Asked.Count == 3);
        receiver.Asked.Last().Text.ShouldBe(receiver.Asked.ElementAt(1).Text, "the same, under the same id");
        (await server.SendAsync("POST", $"/api/v1/webhooks/{id}/deliveries/{last + 1}/replay", admin)).Status.ShouldBe(404);
        await server.SendAsync("PATCH", $"/api/v1/webhooks/{id}", admin, new { enabled = false });
        (await server.SendAsync("POST", $"/api/v1/webhooks/{id}/deliveries/{last}/replay", admin)).Status.ShouldBe(409);
    }

    [Fact]
    public async Task Audit_log_has_each_webhook_change_and_only_the_host_of_its_URL()
    {
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        var id = (await bench.WebhookAsync("https://example.org/services/T0/secret?token=secret")).Info.Id;
        await bench.Webhooks.SetAsync(id, new(Url: "https://example.net/secret", Types: ["event.live"]));
        await bench.Webhooks.RotateAsync(id, TimeSpan.FromDays(1));
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        await bench.Deliveries.ReplayAsync(id, await bench.ScalarAsync<long>("SELECT id FROM webhook_deliveries"));
        await bench.Webhooks.DeleteAsync(id);

        var rows = await new AuditLog(bench.Database).ListAsync(new(Subject: $"webhook/{id}"));
        rows.Select(r => r.Action).Reverse()
            .ShouldBe(["webhook.create", "webhook.change", "webhook.rotate", "webhook.replay", "webhook.delete"]);
        rows[^1].Detail["url"].ShouldBe("https://example.org");
        rows.ShouldAllBe(r => !r.Detail.Values.Any(v => v.Contains("secret", StringComparison.Ordinal)));
    }
}
