using System.Globalization;
using System.Net;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.OriginToChat;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Chat;
using Broadcast.Origin.Tests.Vod;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>Chat by media time: the minutes of a session, and those of recordings and clips.</summary>
public class ChatHistoryTests
{
    private const string Minutes = "/live/demo/01JN8E0000000000000000000A/chat/at/";

    /// <summary>The minute in which the session starts.</summary>
    private static readonly long First = ChatRange.MinuteOf(FakePackager.Start);

    [Fact]
    public async Task Minutes_of_the_session_are_served_and_others_are_404()
    {
        var history = new FakeHistory();
        await using var server = (await OriginServer.StartWithHistoryAsync(history)).Hear(FiveMinutes());
        foreach (var (minute, maxAge) in new[] { (First, 30), (First + 3, 30), (First + 4, 10), (First + 5, 10) })
        {
            using var response = await server.SendAsync(PathOf(minute));
            (await response.Content.ReadAsStringAsync()).ShouldBe(FakeHistory.TextOf((minute - First) * 60, (minute - First + 1) * 60));
            response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe($"public, max-age={maxAge}");
            response.Content.Headers.ContentType!.ToString().ShouldBe("application/json");
        }

        foreach (var minute in new[] { First - 1, First + 6, 0, 999_999_999_999_999 })
        {
            using var response = await server.SendAsync(PathOf(minute));
            response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
            response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("max-age=1");
        }

        history.Reads.ShouldBe(4);
    }

    [Theory]
    [InlineData("at/x.json")]
    [InlineData("at/-1.json")]
    [InlineData("at/029539440.json")]
    [InlineData("at/29539440.txt")]
    [InlineData("at/29539440.json/")]
    [InlineData("at/1/29539440.json")]
    [InlineData("to/29539440.json")]
    [InlineData("at/9999999999999999.json")]
    [InlineData("at/99999999999999999999999999.json")]
    public async Task Other_spellings_are_404(string file)
    {
        await using var server = (await OriginServer.StartWithHistoryAsync(new FakeHistory())).Hear(FiveMinutes());
        (await server.SendAsync($"/live/demo/{FakePackager.First}/chat/{file}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await server.SendAsync($"/live/demo/{FakePackager.Second}/chat/at/{First}.json")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Requests_for_a_minute_at_once_share_one_read_and_later_ones_a_new_one()
    {
        var history = new FakeHistory { Hold = new() };
        await using var server = (await OriginServer.StartWithHistoryAsync(history)).Hear(FiveMinutes());
        var requests = Enumerable.Range(0, 50).Select(_ => server.SendAsync(PathOf(First))).ToList();
        await Broadcast.Testing.Poll.UntilAsync(() => history.Reads == 1);
        history.Hold.SetResult();
        foreach (var request in requests)
        {
            using var response = await request;
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        history.Reads.ShouldBe(1);
        (await server.SendAsync(PathOf(First))).StatusCode.ShouldBe(HttpStatusCode.OK);
        history.Reads.ShouldBe(1);
        server.Time.Advance(ChatHistoryEndpoint.Lifetime);
        (await server.SendAsync(PathOf(First))).StatusCode.ShouldBe(HttpStatusCode.OK);
        history.Reads.ShouldBe(2);
        (ChatHistoryEndpoint.Lifetime + ChatHistoryEndpoint.MaxAge).ShouldBeLessThan(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Reads_at_a_time_are_limited()
    {
        var history = new FakeHistory { Hold = new() };
        var story = new FakePackager(recorded: true).Video().Segments(60 * 60 / 2, bytes: 1);
        await using var server = (await OriginServer.StartWithHistoryAsync(history)).Hear(story);
        var requests = Enumerable.Range(0, 60).Select(minute => server.SendAsync(PathOf(First + minute))).ToList();
        await Broadcast.Testing.Poll.UntilAsync(() => history.Reads == ChatHistoryEndpoint.MaxReads / 2
            && requests.Count(request => request.IsCompleted) == 60 - (ChatHistoryEndpoint.MaxReads / 2));
        history.Hold.SetResult();
        var answers = await Task.WhenAll(requests);
        answers.Count(answer => answer.StatusCode == HttpStatusCode.OK).ShouldBe(ChatHistoryEndpoint.MaxReads / 2);
        answers.Count(answer => answer.StatusCode == HttpStatusCode.ServiceUnavailable).ShouldBe(60 - (ChatHistoryEndpoint.MaxReads / 2));
    }

    [Fact]
    public async Task Lost_database_is_503_and_a_channel_without_chat_404()
    {
        var catalog = new FakeRecordingCatalog();
        var story = FiveMinutes();
        var recording = catalog.Add(story.Session);
        await using var lost = (await OriginServer.StartWithHistoryAsync(new FakeHistory { IsUnavailable = true }, catalog)).Hear(story);
        await using var off = (await OriginServer.StartWithHistoryAsync(new FakeHistory { IsOn = false }, catalog)).Hear(FiveMinutes());
        await using var without = (await OriginServer.StartWithHistoryAsync(null, catalog)).Hear(FiveMinutes());
        foreach (var path in (string[])[PathOf(First), PathOf(recording, First), $"/vod/{recording.Id}/chat.json"])
        {
            using var response = await lost.SendAsync(path);
            response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            response.Headers.NonValidated["Retry-After"].ToString().ShouldBe("1");
            (await off.SendAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
            (await without.SendAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }
    }

    [Fact]
    public async Task Hidden_part_of_a_session_has_no_chat_for_viewers()
    {
        var audience = new StubSessionVisibility();
        audience.Show(FakePackager.First, 90);
        var catalog = new FakeRecordingCatalog();
        var story = FiveMinutes(hidden: true);
        var recording = catalog.Add(story.Session);
        await using var server = (await OriginServer.StartWithHistoryAsync(new FakeHistory(), catalog, audience: audience)).Hear(story);
        foreach (var path in (Func<long, string>[])[PathOf, minute => PathOf(recording, minute)])
        {
            (await server.SendAsync(path(First))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
            (await server.Client.GetStringAsync(path(First + 1))).ShouldBe(FakeHistory.TextOf(90, 120));
        }

        audience.Views[FakePackager.First] = SessionVisibility.Hidden;
        (await server.SendAsync(PathOf(First + 1))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await server.SendAsync(PathOf(recording, First + 1))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await server.SendAsync($"/vod/{recording.Id}/chat.json")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Recording_of_an_ended_session_has_its_chat()
    {
        var catalog = new FakeRecordingCatalog();
        var story = FiveMinutes().End().Journal();
        var recording = catalog.Add(story.Session);
        var history = new FakeHistory { Messages = [10, 130, 299] };
        await using var server = (await OriginServer.StartWithHistoryAsync(history, catalog)).Find(story);
        server.Time.AdvanceTo(FakePackager.Start.AddHours(1));
        using (var response = await server.SendAsync($"/vod/{recording.Id}/chat.json"))
        {
            (await response.Content.ReadAsStringAsync()).ShouldBe($$"""{"first":{{First}},"last":{{First + 4}}}""");
            response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("public, max-age=30");
        }

        using (var response = await server.SendAsync(PathOf(recording, First + 4)))
        {
            (await response.Content.ReadAsStringAsync()).ShouldBe(FakeHistory.TextOf(240, 300));
            response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("public, max-age=30");
        }

        (await server.SendAsync(PathOf(recording, First + 6))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await server.SendAsync($"/vod/{recording.Id}/chat/0{First}.json")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await server.SendAsync($"/vod/{recording.Id}/chat/{First}.json/")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        // The session is no longer live: its chat is only available as that of the recording.
        (await server.SendAsync(PathOf(First))).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        // Hidden, deleted, and unknown because the catalog is unavailable.
        catalog.Remove(recording);
        (await server.SendAsync($"/vod/{recording.Id}/chat.json")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await server.SendAsync(PathOf(recording, First))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        catalog.IsAway = true;
        (await server.SendAsync(PathOf(recording, First))).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task Clip_has_the_chat_of_its_range_only()
    {
        var catalog = new FakeRecordingCatalog();
        var story = FiveMinutes().End().Journal();
        var clip = catalog.Clip(story.Session, 70, 130.5);
        var short_ = catalog.Clip(story.Session, 70, 75);
        var history = new FakeHistory { Messages = [10, 69, 80, 130, 140, 299] };
        await using var server = (await OriginServer.StartWithHistoryAsync(history, catalog)).Find(story);
        (await server.Client.GetStringAsync($"/vod/{clip.Id}/chat.json")).ShouldBe($$"""{"first":{{First + 1}},"last":{{First + 2}}}""");
        (await server.SendAsync(PathOf(clip, First))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await server.Client.GetStringAsync(PathOf(clip, First + 1))).ShouldBe(FakeHistory.TextOf(70, 120));
        (await server.Client.GetStringAsync(PathOf(clip, First + 2))).ShouldBe(FakeHistory.TextOf(120, 130.5));
        (await server.SendAsync(PathOf(clip, First + 3))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await server.SendAsync($"/vod/{short_.Id}/chat.json")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await server.Client.GetStringAsync(PathOf(short_, First + 1))).ShouldBe(FakeHistory.TextOf(70, 75));
    }

    [Fact]
    public async Task Recording_in_progress_grows()
    {
        var catalog = new FakeRecordingCatalog();
        var story = FiveMinutes();
        var recording = catalog.Add(story.Session);
        await using var server = (await OriginServer.StartWithHistoryAsync(new FakeHistory { Messages = [10] }, catalog)).Hear(story);
        using var span = await server.SendAsync($"/vod/{recording.Id}/chat.json");
        span.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("public, max-age=10");
        (await server.SendAsync(PathOf(recording, First + 6))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        story.Segments(30, bytes: 10);
        server.Hear(story);
        (await server.SendAsync(PathOf(recording, First + 6))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Viewer_without_access_reads_nothing()
    {
        var catalog = new FakeRecordingCatalog();
        var story = FiveMinutes();
        var recording = catalog.Add(story.Session);
        var history = new FakeHistory { Messages = [10] };
        await using var server = (await OriginServer.StartWithHistoryAsync(history, catalog, new TokenGuard())).Hear(story);
        foreach (var path in (string[])[PathOf(First), PathOf(recording, First), $"/vod/{recording.Id}/chat.json"])
        {
            (await server.SendAsync(path)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            (await server.SendAsync("/t/bad" + path)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            history.Reads.ShouldBe(0);
        }

        foreach (var path in (string[])[PathOf(First), PathOf(recording, First), $"/vod/{recording.Id}/chat.json"])
        {
            (await server.SendAsync("/t/good" + path)).StatusCode.ShouldBe(HttpStatusCode.OK);
        }
    }

    private static FakePackager FiveMinutes(bool hidden = false) =>
        new FakePackager(recorded: true, hidden: hidden).Video().Segments(150, bytes: 10);

    private static string PathOf(long minute) => string.Create(CultureInfo.InvariantCulture, $"{Minutes}{minute}.json");

    private static string PathOf(RecordingRange recording, long minute) =>
        string.Create(CultureInfo.InvariantCulture, $"/vod/{recording.Id}/chat/{minute}.json");

    private sealed class TokenGuard : IViewerAuthorizer
    {
        public ValueTask<ViewerDecision> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken) =>
            new(new ViewerDecision(request.Token == "good" ? null : ViewerDenialReason.NoToken, TimeSpan.FromSeconds(1)));

        public ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? storedAccess = null) => null;
    }

    /// <summary>Returns the requested range, in seconds since the start of the session.</summary>
    private sealed class FakeHistory : IChatHistory
    {
        private int _reads;

        public bool IsOn { get; init; } = true;

        public bool IsUnavailable { get; init; }

        /// <summary>Times of messages, in seconds since the start of the session.</summary>
        public double[] Messages { get; init; } = [];

        public TaskCompletionSource? Hold { get; init; }

        public int Reads => Volatile.Read(ref _reads);

        public static string TextOf(double from, double to) =>
            string.Create(CultureInfo.InvariantCulture, $$"""{"messages":[],"from":{{from}},"to":{{to}}}""");

        public async ValueTask<byte[]?> ReadAsync(ChannelName channel, SessionId session, DateTimeOffset from, DateTimeOffset to,
            CancellationToken cancellationToken)
        {
            await EnterAsync();
            return IsOn ? Encoding.UTF8.GetBytes(TextOf((from - FakePackager.Start).TotalSeconds, (to - FakePackager.Start).TotalSeconds))
                : null;
        }

        public async ValueTask<ChatSpan?> FindAsync(ChannelName channel, SessionId session, DateTimeOffset from, DateTimeOffset? to,
            CancellationToken cancellationToken)
        {
            await EnterAsync();
            var found = Messages.Select(at => FakePackager.Start.AddSeconds(at)).Where(at => at >= from && !(at >= to)).ToList();
            return IsOn && found.Count > 0 ? new(found[0], found[^1]) : null;
        }

        private Task EnterAsync()
        {
            Interlocked.Increment(ref _reads);
            return IsUnavailable ? throw new ChatUnavailableException(new TimeoutException()) : Hold?.Task ?? Task.CompletedTask;
        }
    }
}
