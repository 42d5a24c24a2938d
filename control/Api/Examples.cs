using Broadcast.Media.ControlToChat;
using System.Text.Json;
using Broadcast.Control.Access;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Multitrack;
using Broadcast.Control.Recordings;
using Broadcast.Control.ServerSentEvents;
using Broadcast.Control.Targets;
using Broadcast.Control.Webhooks;

namespace Broadcast.Control.Api;

/// <summary>
/// Example bodies, one for each type that the API accepts or returns. They are instances of the real types, so a new member requires an
/// example in order to compile. They contain no secrets.
/// </summary>
internal static class Examples
{
    private const string Channel = "concert";
    private const string Session = "01KARNV0F5D9Z3C4T8M2Q6W7XY";
    private const string Event = "01KAS2M8Y1N4P7R0S3T6V9W2XZ";
    private const string Id = "3k9x0c2v";
    private const string FullKey = Id + "_0123456789abcdefghjkmnpqrstvwxyz";
    private const string Media = "https://live.example.org";

    private static readonly DateTimeOffset Noon = new(2030, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Evening = Noon.AddHours(6);
    private static readonly string[] Codes = ["0k3x-9c2v-7m1q-5w8z", "4t6r-2p0s-8d3f-1g7h"];

    private static readonly ChannelView AChannel = new(
        Channel, "Evening concert", "auto", "low", 60, "silent", 0, "12h", true, "30d", "public", [60, 10], true, ["en", "de"],
        Noon.AddDays(-7), new("live", Session, Noon, 312),
        [new("primary", "good", true, Noon, 6_120_000)],
        new("libx264", [new("720p", 1280, 720, 2_500_000), new("480p", 854, 480, 1_200_000)], [], 0, false, 0, null, 0.2, 0));

    private static readonly KeyView AKey = new(Id, "primary", "main encoder", Noon.AddDays(-7), Noon, null, null);
    private static readonly TokenView AToken = new(Id, "producer", "schedule of the shop", Noon, null, Noon.AddDays(30), null, [Channel],
        ["channels:read", "events:write"]);

    private static readonly EventView AnEvent = new(
        Event, "single", null, Channel, "The gala", "Strings and brass.", "https://example.org/gala.jpg", "scheduled", "", Noon, Evening,
        Evening.AddHours(2), "Europe/Berlin", "2030-06-01T20:00:00", null, false,
        "channel", "channel", "on", "channel", "channel", "on", "automatic", 900, 300, "end", 0, [60, 10], null, null, null, [], 1, Noon, Noon,
        $"{Media}/event/{Event}");

    private static readonly RecordingView ARecording = new(
        Session, Channel, Session, "session", "Evening concert", "public", "channel", "ready", Noon, Noon.AddHours(2), 7200, "30d",
        Noon.AddHours(2).AddDays(30), Noon, RecordingUrls.Of(Media, Session));

    private static readonly CalendarFeedView AFeed = new(Id, Channel, "Jane", Noon, Evening, null);
    private static readonly ViewerTokenView AViewerToken = new("c0n7r8t2k5", "Jane", "203.0.113.0/24", Noon, Noon.AddDays(1), null, false);
    private static readonly ViewerKeyView AViewerKey = new(Id, "shop", false, Noon, null);
    private static readonly UserView AUser = new("jane", "Jane Doe", "producer", true, Noon.AddDays(-30), Noon.AddDays(-30), Noon, null);
    private static readonly LoginView ALogin = new(Id, true, Noon, Evening, Noon.AddDays(7), "203.0.113.5",
        "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0");
    private static readonly WebhookView AWebhook =
        new(Id, "https://example.org/hook", "shop", [WebhookEventTypes.EventLive], [Channel], true, null, Noon, null, Evening, null, 0, 0);

    private static readonly TargetView ATarget = new(
        "YouTube", "rtmps://a.rtmps.youtube.com/live2", "source", "copy", null, true, "live", null, Noon, null, 6_120_000, 0.4, 0, 1,
        Noon.AddDays(-7));

    private static readonly ChatActionView AChatAction = new("01JN8E2S3MZ0V6GQ7T4R9XKBCE", "timeout", Session, "58-0",
        "01JN8E2S3MZ0V6GQ7T4R9XKBCD", "Ada", "Insults", "user/jane", "Jane Doe", Evening, Evening.AddMinutes(10), false, null, null);

    private static readonly DeliveryView ADelivery = new(
        4711, "evt_0197f3a0c5d97c4ab3e28d1f6a905b7c", WebhookEventTypes.EventLive, Channel,
        DeliveryStates.Name(DeliveryState.Delivered), 1, Evening, Evening, null, 204, null, "", 0.182);

    private static readonly Dictionary<Type, object> All = new object[]
    {
        // Requests.
        new NewChannel(Channel, "Evening concert", "720p@2500k,480p@1200k", "low", 60, null, null, "public", "12h", true, "30d", [60, 10],
            true, ["en", "de"]),
        new ChannelChange("Morning concert", null, "standard", null, null, null, null, null, null, null, null, null, null),
        new NewKey("backup", "second encoder", Noon.AddYears(10)),
        new KeyRotation(Id, 60),
        new NewToken("producer", "schedule of the shop", Noon.AddYears(10), [Channel], ["channels:read", "events:write"]),
        new SetupRequest("0k3x9-c2v7m-1q5w8-z4t6r", "jane", "correct horse battery"),
        new NewEvent("The gala", Channel, "2030-06-01T20:00", "2030-06-01T22:00", "Strings and brass.", null, "Europe/Berlin", null, null,
            null, "on", "token", "members", null, null, 900, 300, null, null, [60, 10]),
        new EventChange("The great gala", null, "2030-06-01T22:30", null, null, null, null, null, null, null, null, null, null, null, null,
            null, null, null, null),
        new LoginRequest("jane", "correct horse battery", "123456"),
        new PasswordChange("correct horse battery", "a better horse battery"),
        new NewPassword("correct horse battery"),
        new NewUser("jane", "correct horse battery", "producer", "Jane Doe"),
        new UserChangeBody(null, "moderator", false),
        new TotpStart("correct horse battery"),
        new TotpCode("123456"),
        new RecordingChangeBody("The gala", "unlisted", "public", 12.5, -30, "30d"),
        new NewClip(-90, -30, "The goal", "public", null),
        new NewViewerToken(null, "203.0.113.0/24", "Jane", false),
        new NewViewerKey("shop"),
        new NewWebhook("https://example.org/hook", "shop", [WebhookEventTypes.EventLive], [Channel], true),
        new WebhookChange(null, "shop", null, null, true),
        new WebhookRotation(86_400),
        new NewTarget("YouTube", "rtmps://a.rtmps.youtube.com/live2", "abcd-efgh-ijkl-mnop-qrst", "source", "copy", null, true),
        new ChatSettingsBody(null, 10, null, null, null, null, null),
        new ChatFiltersView(new(["spam*"], ["a very bad word"]), new("hold", ["example.org"]), new("reject", 10, 30, 0), new("allow", 70),
            new("reject", 10), new("hold", 3)),
        new ChatWordsView(["spam*"], ["a very bad word"]),
        new ChatLinksView("hold", ["example.org"]),
        new ChatRepeatsView("reject", 10, 30, 0),
        new ChatCapitalsView("allow", 70),
        new ChatCountView("hold", 3),
        new NewChatPollBody("Encore?", ["Yes", "No"], 60),
        new ChatQuestionChange("answered", Evening),
        new NewChatAction("timeout", Session, "58-0", null, 600, null, null, "Insults"),
        new ChatUndo("A mistake"),
        new TargetChange(null, null, null, "1080p", null, false),
        new NewCalendarFeed(Channel, "Jane"),
        new MultitrackRequest(
            "IVS", "2024-06-04", FullKey,
            new { name = "obs-studio", version = "32.0.2", supported_encoders = new[] { "obs_nvenc_h264_tex", "obs_x264" } },
            new { cpu = new { physical_cores = 8 }, gpu = new[] { new { vendor_id = 4318 } } },
            new { canvases = new[] { new { width = 1920, height = 1080, framerate = new { numerator = 60, denominator = 1 } } },
                maximum_video_tracks = 3 }),

        // Responses.
        AChannel,
        new CreatedChannelView(AChannel, FullKey),
        new EndedView(Session),
        new KickedView(1),
        new MeasurementsView(5, [new(Evening, 6_120_000, 59.94, 2.002, 0.021, 1, 0.2, 0.34, 312)]),
        new ActivityView("1906545600000000~s4711", Noon, "publish.started", Session, null,
            JsonSerializer.SerializeToElement(new { session = Session, input = "primary", continued = false })),
        new RecordingUsage(12, 12, 61_204, 31_408_131_072, true),
        new StorageView("s3", "https://s3.example.org/broadcast"),
        new StorageTestView(true, Evening, "s3", "https://s3.example.org/broadcast", 84,
            [new("write", true, 41, null), new("read", true, 12, null), new("list", true, 18, null), new("delete", true, 13, null)]),
        new HealthView(
        [
            new(
                "0197f3a0-c5d9-7c4a-b3e2-8d1f6a905b7c", Session, "OBS Studio", Noon, Evening, 6_120_000, 6_090_000,
                new("h264", 1920, 1080, 59.94, 59.94, 2.002, 8.3), new("aac", 48_000, 2), 0.021, new(0, 0), 0, 0,
                [new("keyframe-interval", "warning", "Set the keyframe interval to 2 s.", Noon.AddMinutes(1))]),
        ]),
        new SessionView(Session, 1, "low", Noon, Noon.AddHours(2), Noon.AddHours(2).AddMinutes(1), "the encoder did not come back", 1204),
        AKey,
        ATarget,
        new ChatSettingsView(true, 0, false, false, false, true, false, new(Event, "The gala", "members")),
        new ChatPollView("01JN8E2S3MZ0V6GQ7T4R9XKBCF", Session, "Encore?", [new("Yes", 120), new("No", 7)], Evening, Evening.AddMinutes(1),
            null),
        new ChatPollOption("Yes", 120),
        new ChatQuestionView("01JN8E2S3MZ0V6GQ7T4R9XKBCG", Session, "01JN8E2S3MZ0V6GQ7T4R9XKBCD", "4be6d84dcb", "Ada", "Who wrote this?",
            "open", 12, Evening, Evening, null),
        new ChatMessageView(Session, "58-0", "01JN8E2S3MZ0V6GQ7T4R9XKBCD", "4be6d84dcb", "Ada", "Hello", null, Evening, Evening, "shown",
            null),
        AChatAction,
        new ErasedView(12),
        new ChatExportView(Channel, "01JN8E2S3MZ0V6GQ7T4R9XKBCD", Evening,
            [new(Session, "58-0", "Ada", "Hello", null, Evening, Evening, "shown")], [],
            [new(Session, "01JN8E2S3MZ0V6GQ7T4R9XKBCF", "Encore?", "Yes")], [], []),
        new ChatStatisticsView(Session, 84, new Dictionary<string, long> { ["shown"] = 812, ["removed"] = 3 }, 1,
            [new(Evening, 31), new(Evening.AddMinutes(1), 44)], new(Evening.AddMinutes(1), 44),
            [new("01JN8E2S3MZ0V6GQ7T4R9XKBCD", "Ada", 23)],
            new Dictionary<string, long> { ["❤️"] = 120 }, new Dictionary<string, long> { ["open"] = 4 }, 1, 127,
            new Dictionary<string, long> { ["remove"] = 3 }),
        new ChatTokenView("eyJJZCI6IjAxSk44RTJTM00ifQ.c2lnbmF0dXJl", "Jane Doe", "4be6d84dcb", true),
        new TargetTestView(true, null, 0.412),
        TargetPresets.All[0],
        new IssuedKeyView(AKey, FullKey),
        AToken,
        new IssuedTokenView(AToken, FullKey),
        new SystemView("1.0.0", "producer", TokenRoles.Names, ChannelRules.Ladders, ChannelRules.Latencies, ChannelRules.Takeovers,
            ChannelRules.Accesses, "rtmp://live.example.org:1935/live", "rtmps://live.example.org:1936/live", "https://live.example.org"),
        AnEvent,
        new EventHistoryView(Evening, "live", "its start has come"),
        AFeed,
        new IssuedFeedView(AFeed, $"{Media}/api/v1/calendars/{FullKey}/events.ics"),
        AViewerToken,
        new IssuedViewerTokenView(AViewerToken, "TOKEN", PlaybackUrls.Of(new(Media, Media), Channel, "TOKEN")),
        new RevokedViewerTokenView(AViewerToken.Id, true),
        AViewerKey,
        new IssuedViewerKeyView(AViewerKey, "0123456789abcdefghjkmnpqrstvwxyz"),
        ARecording,
        new DeletionView(true, [Session], Channel, Session, Noon, Noon.AddHours(2), true, [], 10_812, 5_408_131_072, true),
        AWebhook,
        new IssuedWebhookView(AWebhook, "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoamttbnBxcnN0dnd4eXo="),
        ADelivery,
        new EncoderView("libx264", "software", "h264", true, true, null, Noon, 214),
        new ServerView(1, "tv1", "10.0.0.2:8090", "all", "running", 3, 0.27, "0.1.0", Noon.AddDays(-7), Noon),
        new AuditView(4711, Noon, new("user", "jane", "Jane Doe", "203.0.113.5"), "channel.change", $"channel/{Channel}",
            new Dictionary<string, string>(StringComparer.Ordinal) { ["title"] = "Evening concert" }),
        new MeView("user", "jane", "Jane Doe", "producer", true, Id),
        new LoginStateView(true),
        new LoggedInView("jane"),
        ALogin,
        AUser,
        new TotpView("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
            "otpauth://totp/Broadcast:jane?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Broadcast"),
        new RecoveryCodesView(Codes),
        new EncoderConfiguration(
            new("IVS", "2024-06-04", "0197f3a0-c5d9-7c4a-b3e2-8d1f6a905b7c"), new("success", null),
            [new("RTMP", "rtmp://live.example.org:1935/live/{stream_key}")],
            [new("obs_nvenc_h264_tex", 1920, 1080, new(60, 1), new Dictionary<string,
                object>(StringComparer.Ordinal) { ["rate_control"] = "CBR", ["bitrate"] = 6000, ["keyint_sec"] = 2 })],
            new([new("aac", 0, 2, new(160))], null)),
    }.ToDictionary(e => e.GetType());

    private static readonly Dictionary<string, string> Texts = new(StringComparer.Ordinal)
    {
        ["text/event-stream"] = SseFormat.Retry
            + SseFormat.OfCurrentState(new(4711, EventStreamTypes.ChannelState, Channel,
                $$$"""{"id":"evt_0197f3a0c5d97c4ab3e28d1f6a905b7c","type":"channel.state","timestamp":"2030-06-01T12:00:00.000Z","channel":"{{{Channel}}}","data":{"state":"live","session":"{{{Session}}}","startedAt":"2030-06-01T12:00:00+00:00","inputs":[]}}"""))
            + SseFormat.Ready(4711),
        ["text/calendar"] = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Broadcast//Events//EN\r\nBEGIN:VEVENT\r\n"
            + $"UID:{Event}\r\nDTSTAMP:20300601T120000Z\r\nDTSTART:20300601T180000Z\r\nDTEND:20300601T200000Z\r\nSUMMARY:The "
                + "gala\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    };

    /// <summary>Gets the example of a type, or for a list, a list with one example; <see langword="null"/> when there is none.</summary>
    public static object? Of(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>)
        ? Of(type.GenericTypeArguments[0]) is { } row ? new[] { row } : null
        : All.GetValueOrDefault(type);

    /// <summary>Gets the example of a media type other than JSON.</summary>
    public static string? OfText(string mediaType) => Texts.GetValueOrDefault(mediaType);

    /// <summary>Gets the example detail of a problem with the given status.</summary>
    public static string ProblemDetail(int status) => status switch
    {
        400 => "The request is invalid; 'errors' lists the errors by member.",
        401 => "Log in, or send a valid token: 'Authorization: Bearer TOKEN'. 'broadcast token create' creates one.",
        403 => "Role producer is required; yours is viewer.",
        404 => $"There is no channel '{Channel}'. 'broadcast channel list' shows all channels.",
        409 => $"A channel '{Channel}' already exists.",
        412 => "The resource changed since you read it. Read it again and send the change with the new ETag in 'If-Match'.",
        413 => "The body exceeds 65536 bytes.",
        415 => "Send the body as application/json.",
        422 => "Another request used this 'Idempotency-Key'. Use a different key for each resource to create.",
        429 => "Rate limit exceeded (Control:ReadsPerSecond, Control:WritesPerSecond). Wait the number of seconds in 'Retry-After'.",
        503 => "The database is unavailable; streams continue. Try again in a moment.",
        _ => "The server failed to process the request; see its log.",
    };
}
