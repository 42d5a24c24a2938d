using System.Security.Cryptography;
using System.Text;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Content, time, number and order of webhook deliveries.</summary>
public sealed class WebhookDeliveryTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Fact]
    public async Task Webhook_request_has_a_Standard_Webhooks_signature_and_the_event_data()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        var issued = await bench.WebhookAsync(receiver.Address + "/hook?to=me");
        await bench.HappensAsync(WebhookEventTypes.PublishStarted, new { session = "s1" });

        await bench.Courier().DrainAsync(default);

        var got = receiver.Asked.ShouldHaveSingleItem();
        (got.Method, got.Path, got.ContentType).ShouldBe(("POST", "/hook?to=me", "application/json"));
        (got.Json.GetProperty("type").GetString(), got.Json.GetProperty("channel")
            .GetString()).ShouldBe((WebhookEventTypes.PublishStarted, "demo"));
        got.Json.GetProperty("data").GetProperty("session").GetString().ShouldBe("s1");
        var id = got.Headers["webhook-id"].ToString();
        id.ShouldBe(got.Json.GetProperty("id").GetString());
        var at = got.Headers["webhook-timestamp"].ToString();
        at.ShouldBe(bench.Clock.GetUtcNow().ToUnixTimeSeconds().ToString());
        got.Headers["webhook-signature"].ToString().ShouldBe(Signature(issued.Secret, id, at, got.Text));
        (await bench.ScalarAsync<string>("SELECT state FROM webhook_deliveries")).ShouldBe("delivered");
        bench.Log.Lines.ShouldAllBe(line => !line.Contains(issued.Secret) && !line.Contains("to=me"));
    }

    [Fact]
    public async Task Failed_delivery_is_attempted_eleven_times_within_a_day_and_then_abandoned()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        receiver.Answer = FakeAuthCallback.Says("out of order\u0000", 500);
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        var webhook = (await bench.WebhookAsync(receiver.Address)).Info.Id;
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        using var courier = bench.Courier();

        await courier.DrainAsync(default);
        receiver.Asked.Count.ShouldBe(1);
        var first = (await bench.Deliveries.ListAsync(webhook)).ShouldHaveSingleItem();
        (first.State, first.Attempts, first.Status, first.ResponseExcerpt,
            first.Error).ShouldBe((DeliveryState.Waiting, 1, 500, "out of order", "The receiver answered 500."));
        (first.NextAttemptAt!.Value - bench.Clock.GetUtcNow()).ShouldBeInRange(TimeSpan.FromSeconds(4.5), TimeSpan.FromSeconds(5.5));
        (await bench.Webhooks.GetAsync(webhook)).FailingSince.ShouldBe(bench.Clock.GetUtcNow());

        var began = bench.Clock.GetUtcNow();
        while ((await bench.Deliveries.ListAsync(webhook))[0].NextAttemptAt is { } next)
        {
            bench.Clock.Advance(next - bench.Clock.GetUtcNow() + TimeSpan.FromMilliseconds(1));
            await courier.DrainAsync(default);
        }

        receiver.Asked.Count.ShouldBe(RetrySchedule.Delays.Count + 1);
        receiver.Asked.Select(a => a.Headers["webhook-id"].ToString()).Distinct().ShouldHaveSingleItem("it is the same at each try");
        receiver.Asked.Select(a => a.Text).Distinct().ShouldHaveSingleItem();
        (bench.Clock.GetUtcNow() - began).ShouldBeInRange(TimeSpan.FromHours(20), TimeSpan.FromHours(27));
        (await bench.Deliveries.ListAsync(webhook))[0].State.ShouldBe(DeliveryState.Failed);
        bench.Log.Lines.ShouldContain(l => l.Contains("abandoned"));
    }

    [Theory]
    [InlineData(1, 0, 0.5, 5)]
    [InlineData(1, 120, 0.5, 120)]
    [InlineData(1, 999_999, 0.5, 3600)]
    [InlineData(10, 5, 0.0, 7.2 * 3600)]
    [InlineData(10, 0, 1.0, 8.8 * 3600)]
    public void Retry_delay_requested_by_a_receiver_is_clamped(int failures, int asked, double chance, double seconds) =>
        RetrySchedule.DelayAfter(failures, TimeSpan.FromSeconds(asked), chance)!.Value.TotalSeconds.ShouldBe(seconds, 0.001);

    [Fact]
    public async Task Events_are_delivered_in_order_and_wait_during_a_short_receiver_outage()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        await bench.WebhookAsync(receiver.Address);
        using var courier = bench.Courier();
        receiver.Answer = FakeAuthCallback.Says("", 503);
        await bench.HappensAsync(WebhookEventTypes.EventPreview);
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        await bench.HappensAsync(WebhookEventTypes.EventEnded);
        for (var i = 0; i < 3; i++)
        {
            await courier.DrainAsync(default);
            bench.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        Types(receiver).Distinct().ShouldBe([WebhookEventTypes.EventPreview]);
        receiver.Asked.Clear();
        receiver.Answer = _ => Task.CompletedTask;
        bench.Clock.Advance(TimeSpan.FromMinutes(15));
        await courier.DrainAsync(default);

        Types(receiver).ShouldBe([WebhookEventTypes.EventPreview, WebhookEventTypes.EventLive, WebhookEventTypes.EventEnded]);
    }

    [Fact]
    public async Task Repeatedly_failing_event_stops_blocking_later_events_after_15_minutes()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        receiver.Answer = http =>
        {
            http.Response.StatusCode = receiver.Asked.Last().Text.Contains(WebhookEventTypes.HealthIssue) ? 500 : 200;
            return Task.CompletedTask;
        };
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        await bench.WebhookAsync(receiver.Address);
        using var courier = bench.Courier();
        await bench.HappensAsync(WebhookEventTypes.HealthIssue);
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        for (var i = 0; i < 5; i++)
        {
            await courier.DrainAsync(default);
            bench.Clock.Advance(RetrySchedule.Delays[i] * 1.2);
        }

        await courier.DrainAsync(default);

        Types(receiver).ShouldContain(WebhookEventTypes.EventLive);
        (await bench.ScalarAsync<string>(
            "SELECT e.type FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id WHERE d.state = 'waiting'")).ShouldBe(
            WebhookEventTypes.HealthIssue);
    }

    [Fact]
    public async Task Hanging_receiver_does_not_delay_other_receivers()
    {
        await using var slow = await FakeAuthCallback.StartAsync();
        await using var quick = await FakeAuthCallback.StartAsync();
        var release = new TaskCompletionSource();
        slow.Answer = _ => release.Task;
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        await bench.WebhookAsync(slow.Address);
        await bench.WebhookAsync(quick.Address);
        using var courier = bench.Courier();
        await courier.StartAsync(default);
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        courier.Wake();
        await Poll.UntilAsync(() => slow.Asked.Count == 1 && quick.Asked.Count == 1);

        await bench.HappensAsync(WebhookEventTypes.EventEnded);
        await Poll.UntilAsync(() =>
        {
            courier.Wake();
            return quick.Asked.Count == 2;
        });

        slow.Asked.Count.ShouldBe(1, "one thing after the other");
        release.SetResult();
        await Poll.UntilAsync(() =>
        {
            courier.Wake();
            return slow.Asked.Count == 2;
        });
        await courier.StopAsync(default);
    }

    [Fact]
    public async Task Two_processes_deliver_each_event_once_and_in_order()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        await bench.WebhookAsync(receiver.Address);
        for (var i = 0; i < 50; i++)
        {
            await bench.HappensAsync(WebhookEventTypes.HealthIssue, new { number = i });
        }

        using var one = bench.Courier();
        using var two = bench.Courier();
        await Task.WhenAll(one.DrainAsync(default), two.DrainAsync(default));
        await one.DrainAsync(default);

        receiver.Asked.Select(a => a.Json.GetProperty("data").GetProperty("number").GetInt32()).ShouldBe(Enumerable.Range(0, 50));
    }

    [Fact]
    public async Task Delivery_of_a_killed_process_is_repeated_with_the_same_id_after_lease_expiry()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        await bench.WebhookAsync(receiver.Address);
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        var turn = (await bench.Queue.ClaimAsync(10, default)).ShouldHaveSingleItem();
        var due = (await bench.Queue.NextAsync(turn, default))!;
        await bench.Sender().SendAsync(turn.Target, due.EventId, due.Body, default);   // then the process is killed

        using var next = bench.Courier();
        await next.DrainAsync(default);
        receiver.Asked.Count.ShouldBe(1, "somebody seems to be at it");
        await bench.ScalarAsync<object>("UPDATE webhooks SET leased_until = now() - interval '1 second' RETURNING 1");
        await next.DrainAsync(default);

        receiver.Asked.Select(a => a.Headers["webhook-id"].ToString()).ShouldBe([due.EventId, due.EventId]);
        (await bench.Queue.NextAsync(turn, default)).ShouldBeNull("the one of before has lost its turn");
    }

    [Fact]
    public async Task Webhook_is_disabled_after_a_410_response()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        receiver.Answer = FakeAuthCallback.Says("", 410);
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        var webhook = (await bench.WebhookAsync(receiver.Address)).Info.Id;
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        await bench.HappensAsync(WebhookEventTypes.EventEnded);

        await bench.Courier().DrainAsync(default);

        receiver.Asked.Count.ShouldBe(1);
        var info = await bench.Webhooks.GetAsync(webhook);
        (info.Enabled, info.DisabledReason!.Contains("410")).ShouldBe((false, true));
        bench.Log.Lines.ShouldContain(l => l.Contains("disabled") && l.Contains(webhook));
        (await bench.Webhooks.SetAsync(webhook, new(Enabled: true))).DisabledReason.ShouldBeNull();
    }

    [Fact]
    public async Task Webhook_is_disabled_after_days_of_failures_but_not_after_two_failures()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        receiver.Answer = FakeAuthCallback.Says("", 500);
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        var webhook = (await bench.WebhookAsync(receiver.Address)).Info.Id;
        using var courier = bench.Courier();
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        await courier.DrainAsync(default);
        bench.Clock.Advance(6 * Day);
        await courier.DrainAsync(default);
        (await bench.Webhooks.GetAsync(webhook)).Enabled.ShouldBeTrue("there was little to tell");

        for (var i = 0; i < RetrySchedule.DisableFailures; i++)
        {
            await bench.HappensAsync(WebhookEventTypes.EventEnded);
            bench.Clock.Advance(Day);
            await courier.DrainAsync(default);
        }

        (await bench.Webhooks.GetAsync(webhook)).DisabledReason!.ShouldContain("for 5 days");
    }

    [Fact]
    public async Task Postponed_events_are_delivered_soon_after_a_receiver_recovers()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        receiver.Answer = FakeAuthCallback.Says("", 500);
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        await bench.WebhookAsync(receiver.Address);
        using var courier = bench.Courier();
        await bench.HappensAsync(WebhookEventTypes.EventPreview);
        for (var i = 0; i < 8; i++)
        {
            await courier.DrainAsync(default);
            bench.Clock.Advance(RetrySchedule.Delays[i] * 1.11);
        }

        await courier.DrainAsync(default);   // the next one is eight hours away
        bench.Clock.Advance(TimeSpan.FromMinutes(11));
        receiver.Asked.Clear();
        receiver.Answer = _ => Task.CompletedTask;
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        await courier.DrainAsync(default);

        Types(receiver).ShouldBe([WebhookEventTypes.EventLive, WebhookEventTypes.EventPreview]);
    }

    [Fact]
    public async Task Webhook_is_not_sent_to_a_non_public_address_unless_allowed()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        bench.Options.AllowedWebhookTargets = null;
        var webhook = (await bench.WebhookAsync(receiver.Address)).Info.Id;
        await bench.HappensAsync(WebhookEventTypes.EventLive);

        await bench.Courier().DrainAsync(default);

        receiver.Asked.ShouldBeEmpty();
        (await bench.Deliveries.ListAsync(webhook)).ShouldHaveSingleItem().Error!.ShouldContain("Control:AllowedWebhookTargets");
    }

    [Fact]
    public async Task No_event_is_lost_during_a_database_outage()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        await bench.WebhookAsync(receiver.Address);
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        // never opened
        var away = new ServerDatabase(new Broadcast.Media.DataFolder("/nonexistent"), new DatabaseOptions(), TimeProvider.System);
        using var blind = new WebhookDispatcher(
            new(away, bench.Clock), bench.Sender(), bench.Deliveries, Microsoft.Extensions.Options.Options.Create(bench.Options),
            bench.Clock, bench.Log.For<WebhookDispatcher>());
        await blind.StartAsync(default);
        blind.Wake();
        await blind.StopAsync(default);
        blind.ExecuteTask!.IsFaulted.ShouldBeFalse();

        await bench.Courier().DrainAsync(default);

        receiver.Asked.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Old_delivered_events_are_deleted_and_pending_ones_are_kept()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        var webhook = (await bench.WebhookAsync(receiver.Address)).Info.Id;
        await bench.HappensAsync(WebhookEventTypes.EventPreview);
        await bench.Courier().DrainAsync(default);
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        bench.Clock.Advance(15 * Day);

        await bench.Deliveries.CleanUpAsync(default);

        (await bench.Deliveries.ListAsync(webhook)).ShouldHaveSingleItem().Type.ShouldBe(WebhookEventTypes.EventLive);
        await bench.Webhooks.DeleteAsync(webhook);
        await bench.Deliveries.CleanUpAsync(default);
        (await bench.ScalarAsync<long>("SELECT count(*) FROM webhook_events")).ShouldBe(0);
    }

    [Fact]
    public async Task Delivery_log_of_a_webhook_is_bounded()
    {
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        await bench.WebhookAsync("https://example.org/");
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        await bench.ScalarAsync<object>($"""
            INSERT INTO webhook_deliveries (webhook_id, event_id, state, created_at) SELECT webhook_id, event_id, 'delivered', created_at
                FROM webhook_deliveries, generate_series(1, {WebhookDeliveryLog.MaxRetained + 10}) RETURNING 1
            """);

        await bench.Deliveries.CleanUpAsync(default);

        (await bench.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered'")).ShouldBe(
            WebhookDeliveryLog.MaxRetained);
        (await bench.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting'")).ShouldBe(1,
            "what waits is no log");
    }

    [Fact]
    public async Task Requests_carry_both_signatures_after_a_secret_rotation_until_the_old_secret_expires()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        var old = await bench.WebhookAsync(receiver.Address);
        var fresh = await bench.Webhooks.RotateAsync(old.Info.Id, TimeSpan.FromHours(1));
        using var courier = bench.Courier();
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        await courier.DrainAsync(default);
        bench.Clock.Advance(TimeSpan.FromHours(1));
        await bench.HappensAsync(WebhookEventTypes.EventEnded);
        await courier.DrainAsync(default);

        var (first, second) = (receiver.Asked.First(), receiver.Asked.Last());
        string Of(ReceivedRequest request, string secret) =>
            Signature(secret, request.Headers["webhook-id"].ToString(), request.Headers["webhook-timestamp"].ToString(), request.Text);
        first.Headers["webhook-signature"].ToString().ShouldBe($"{Of(first, fresh.Secret)} {Of(first, old.Secret)}");
        second.Headers["webhook-signature"].ToString().ShouldBe(Of(second, fresh.Secret));
    }

    private static string[] Types(FakeAuthCallback receiver) => [.. receiver.Asked.Select(a => a.Json.GetProperty("type").GetString()!)];

    // Implements the specification independently of the product's code.
    private static string Signature(string secret, string id, string at, string body)
    {
        using var hmac = new HMACSHA256(Convert.FromBase64String(secret["whsec_".Length..]));
        return "v1," + Convert.ToBase64String(hmac.ComputeHash(Encoding.UTF8.GetBytes($"{id}.{at}.{body}")));
    }
}
