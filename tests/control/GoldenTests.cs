using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Broadcast.Control.Access;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Control.Identity;
using Broadcast.Control.Publishing;
using Broadcast.Control.Recordings;
using Broadcast.Control.ServerSentEvents;
using Broadcast.Control.Targets;
using Broadcast.Control.ViewerCounting;
using Broadcast.Control.Webhooks;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.Outbound;
using Broadcast.Testing;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Bodies of webhooks, event stream messages and auth callbacks, byte for byte as earlier versions sent them.</summary>
public sealed partial class GoldenTests(PostgresFixture postgres)
{
    private const string Secret = "a-secret-of-the-webhook-32-chars";

    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, 250, TimeSpan.Zero);

    private static readonly Guid Publication = Guid.Parse("0197f3a0-c5d9-7c4a-b3e2-8d1f6a905b7c");

    private static readonly BroadcastSession Session = new(
        ChannelName.Parse("demo"), SessionId.Parse("01JN8E0000000000000000000A"), 1, Noon, LatencyProfile.Standard);

    private static readonly PublishConnectInfo Target = new(
        "live", "rtmp://203.0.113.7:1935/live", "http://a/b.swf", "http://a/p", "user=jane&pass=p%26q&token=t&name=other",
        IsEncrypted: true);

    [Fact]
    public void Bodies_of_every_webhook_type_match_the_golden_files()
    {
        var grant = new PublishGrant(Publication, Session, "passthrough", CancellationToken.None);
        WebhookMessage Of(string type, object data) => new(Noon, type, "demo", data);
        EventData Event(string state) => new("01JN8K0000000000000000000E", "Town \"hall\" <ü>", state, "the producer started it", Noon,
            Noon.AddHours(1));
        var issue = new HealthIssueData(Session.Id.Value, Publication, "keyframes_rare", "warning", "Set a keyframe interval of 2 s.",
            Noon.AddSeconds(-30));
        var address = RecordingUrls.Of("", Session.Id.Value);
        List<WebhookMessage> notices =
        [
            WebhookMessage.Started(Noon, grant, "k1234567", continued: false),
            WebhookMessage.Started(Noon, grant with { Role = InputRole.Backup }, $"{AuthCallbackChannels.IdPrefix}demo", continued: true),
            WebhookMessage.Stopped(Noon, grant, "the encoder ended the stream", sessionOpen: true),
            WebhookMessage.Stopped(Noon, grant with { Role = InputRole.Backup }, "the connection was lost", sessionOpen: false),
            Of(WebhookEventTypes.InputLost, new InputData(Session.Id.Value, Noon, null)),
            Of(WebhookEventTypes.InputRestored, new InputData(Session.Id.Value, Noon, 12.5)),
            Of(WebhookEventTypes.EventReminder, new EventReminderData("01JN8K0000000000000000000E", "Town hall", "scheduled", 15,
                Noon.AddMinutes(15), Noon.AddHours(1))),
            Of(WebhookEventTypes.EventPreview, Event("preview")),
            Of(WebhookEventTypes.EventLate, Event("scheduled")),
            Of(WebhookEventTypes.EventLive, Event("live")),
            Of(WebhookEventTypes.EventEnded, Event("ended")),
            Of(
                WebhookEventTypes.RecordingReady,
                new RecordingReadyData(Session.Id.Value, Session.Id.Value, "Town hall", "unlisted", Noon, Noon.AddHours(1), address.Hls,
                    address.Dash, address.Download)),
            Of(WebhookEventTypes.HealthIssue, issue),
            Of(WebhookEventTypes.TargetLive, new TargetData(Session.Id.Value, "YouTube", null)),
            Of(WebhookEventTypes.TargetLost, new TargetData(Session.Id.Value, "YouTube", "The platform closed the connection.")),
            Of(WebhookEventTypes.TargetRejected, new TargetData(Session.Id.Value, "YouTube", "The platform rejects the stream key.")),
            Of(WebhookEventTypes.ChatMessage, new
            {
                session = Session.Id.Value,
                messages = new[] { new { id = "58-0", from = "4be6d84dcb", name = "Ada", text = "Hello", time = Noon } },
            }),
            Of(WebhookEventTypes.ChatHeld, new { session = Session.Id.Value, messages = 2 }),
            Of(WebhookEventTypes.ChatModerated, new
            {
                action = "timeout", id = "01JN8K0000000000000000000E", undone = false, session = Session.Id.Value, message = "58-0",
                participant = "01JN8K0000000000000000000F", moderator = "user/jane", reason = "Insults", endsAt = Noon.AddMinutes(10),
            }),
            new(Noon, WebhookEventTypes.Test, null!, new { webhook = "wh_1" }),
            Of(EventStreamTypes.ChannelState, new ChannelStateData("offline", null, null, [])),
            Of(
                EventStreamTypes.ChannelState,
                new ChannelStateData("live", Session.Id.Value, Noon,
                    [new("primary", "live", true, Noon), new("backup", "standby", false, Noon.AddSeconds(3))])),
            Of(EventStreamTypes.ChannelHealth, new ChannelHealthData([issue])),
            Of(EventStreamTypes.ChannelViewers, new ChannelViewersData(1234)),
        ];
        WebhookEventTypes.All.Except(notices.Select(notice => notice.Type)).ShouldBeEmpty();
        var bodies = notices.Select(notice => Outbox.Body("evt_1", notice.At, notice.Type, notice.Channel, notice.Data));
        Golden.Matches("webhooks.jsonl", string.Join('\n', bodies));
    }

    [Fact]
    public void Event_stream_messages_match_the_golden_file()
    {
        var message = new EventStreamMessage(7, WebhookEventTypes.EventLive, "demo", """{"id":"evt_1"}""");
        Golden.Matches(
            "event-stream.txt",
            SseFormat.Retry + SseFormat.Of(message) + SseFormat.OfCurrentState(message) + SseFormat.Ready(8)
                + SseFormat.Reset("too far back")
                + SseFormat.Heartbeat(9));
    }

    [Fact]
    public async Task Webhook_request_headers_match_the_golden_file()
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        var (clock, options) = (new ManualTimeProvider(), new ControlOptions { AllowedWebhookTargets = "127.0.0.0/8" });
        using var sender = new WebhookSender(options.CreateConnector(clock),
            Options.Create(options), clock);
        var target = new WebhookTarget("wh_1", webhook.Address + "/hook", Secret, Secret + "-before", clock.GetUtcNow().AddHours(1));
        await sender.SendAsync(target, "evt_1", """{"id":"evt_1"}""", TestContext.Current.CancellationToken);
        Golden.Matches("webhook-request.http", Transcript(webhook));
    }

    [Theory]
    [InlineData("broadcast")]
    [InlineData("nginx-rtmp")]
    [InlineData("srs")]
    [InlineData("mediamtx")]
    public async Task Auth_callbacks_about_publishers_match_the_golden_files_in_every_format(string form)
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        var options = Options.Create(new AuthorizationOptions
        {
            Url = webhook.Address + "/publish", DoneUrl = webhook.Address + "/done", Secret = Secret, Format = form,
        });
        using var client = new AuthCallbackClient(options, new ManualTimeProvider(), new CapturingLogger().For<AuthCallbackClient>());
        var asked = new AuthCallbackEvent(Publication, Noon, "name", null, null, IPAddress.Parse("::ffff:203.0.113.5"), 40_000,
            "FMLE/3.0 (ü)",
            Target);
        var known = asked with { Name = "demo", Channel = "demo", KeyId = "k1234567", Address = IPAddress.Parse("2001:db8::5") };
        foreach (var e in new[]
        {
            asked, known, known with { Address = null, Port = 0, Target = PublishConnectInfo.Unknown },
            known with { End = new(Session.Id.Value, "the encoder ended the stream") },
            asked with { End = new(null, "all inputs are taken") },
        })
        {
            await client.SendAsync(webhook.Address + (e.End is null ? "/publish" : "/done"), e, TestContext.Current.CancellationToken);
        }

        Golden.Matches($"auth-callback-{form}.http", Transcript(webhook));
    }

    [Fact]
    public async Task Auth_callbacks_about_viewers_match_the_golden_file()
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        var options = Options.Create(new AuthorizationOptions { ViewerUrl = webhook.Address + "/view?key=k", Secret = Secret });
        using var client = new ViewerAuthCallback(options, new ManualTimeProvider(), new CapturingLogger().For<ViewerAuthCallback>());
        await client.SendAsync(new(Session.Channel, "ticket", IPAddress.Parse("203.0.113.5")));
        await client.SendAsync(new(Session.Channel, null, null));
        var text = Id().Replace(Signature().Replace(Transcript(webhook), "v1,(signature)"), "(id)");
        Golden.Matches("auth-callback-viewer.http", text);
    }

    [Fact]
    public async Task Reasons_of_publish_decisions_in_metrics_match_the_golden_file()
    {
        // Other tests count in parallel; only requests in this test's async context count.
        var own = new AsyncLocal<bool> { Value = true };
        var reasons = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Name == "broadcast_publish_decisions_total")
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            if (own.Value)
            {
                reasons[string.Join(',', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))] = true;
            }
        });
        listener.Start();
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var guest = (await rig.Keys.CreateAsync("demo", StreamKeyRole.Guest)).StreamKey;
        await rig.NewAuthority().AuthorizeAsync(new(key, null, ""), TestContext.Current.CancellationToken);
        await rig.GrantedAsync(key);
        await rig.RefusedAsync(guest);
        PublishRejectionReason? last = null;
        for (var i = 0; i < 1000 && last != PublishRejectionReason.TooManyAttempts; i++)
        {
            last = (await rig.RefusedAsync("wrong")).Reason;
        }

        var labels = Enum.GetValues<PublishRejectionReason>().Select(PublishAuthorizer.LabelOf).Order(StringComparer.Ordinal);
        Golden.Matches("publish-decisions.txt", string.Join('\n', [.. reasons.Keys.Order(StringComparer.Ordinal), .. labels]));
    }

    private static string Transcript(FakeAuthCallback webhook)
    {
        var text = new StringBuilder();
        foreach (var asked in webhook.Asked)
        {
            text.Append(CultureInfo.InvariantCulture, $"--- {asked.Method} {asked.Path}\n");
            foreach (var (name, value) in asked.Headers.Where(header => header.Key != "Host")
                .OrderBy(header => header.Key, StringComparer.Ordinal))
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\n");
            }

            text.Append(CultureInfo.InvariantCulture, $"\n{asked.Text}\n");
        }

        return text.ToString();
    }

    [GeneratedRegex("[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")]
    private static partial Regex Id();

    [GeneratedRegex("v1,[A-Za-z0-9+/=]+")]
    private static partial Regex Signature();
}
