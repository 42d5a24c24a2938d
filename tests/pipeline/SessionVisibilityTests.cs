using System.Net;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Pipeline.Tests;

/// <summary>A session in preview that goes live, through every stage.</summary>
public sealed class SessionVisibilityTests : IAsyncLifetime
{
    private readonly TempFolder _folder = TempFolder.Create();
    private readonly ManualTimeProvider _time = new();
    private readonly StubSessionVisibility _register = new();
    private PipelineHarness _line = null!;

    public async ValueTask InitializeAsync() => _line = await PipelineHarness.StartAsync(_folder.Sub("data"), _time, _register);

    public async ValueTask DisposeAsync()
    {
        await _line.DisposeAsync();
        await _folder.DisposeAsync();
    }

    [Fact]
    public async Task Session_is_visible_from_its_first_shown_segment_on_even_after_a_restart()
    {
        var session = PipelineHarness.Session(_time) with { BeginsHidden = true, DvrWindow = DvrWindow.All, IsRecorded = true };
        var camera = _line.Connect(session);
        await camera.SendAsync(25);
        (await StatusAsync(session, "source/1.m4s")).ShouldBe(HttpStatusCode.NotFound);
        (await _line.Client.GetAsync("/live/main/index.m3u8")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        var live = _time.GetUtcNow();
        _register.View = SessionVisibility.Since(live);
        await camera.SendAsync(5);
        await Poll.UntilAsync(async () => (await _line.Client.GetAsync("/live/main/index.m3u8")).IsSuccessStatusCode,
            description: "the channel shows the session");
        var first = (await _line.PlaylistAsync(session)).Entries[0];
        first.WallClock.ShouldBeInRange(live, live + session.Latency.TargetDuration);
        _register.View.Segment.ShouldBe(first.Number);

        // Long enough for index blocks to move its start out of the live window.
        await camera.SendAsync(300);
        await ShouldBeginAsync(session, first.Number);
        await camera.GoneAsync();
        await _line.StopAsync();
        await _line.DisposeAsync();
        _line = await PipelineHarness.StartAsync(_folder.Sub("data"), _time, _register);
        camera = _line.Connect(session);
        await camera.SendAsync(10);
        await ShouldBeginAsync(session, first.Number);
    }

    private async Task ShouldBeginAsync(BroadcastSession session, long first)
    {
        foreach (var rendition in new[] { "source", "audio" })
        {
            var playlist = await _line.PlaylistAsync(session, rendition);
            (playlist.Sequence, playlist.Entries[0].Number).ShouldBe((first, first), rendition);
            playlist.Entries.Select(entry => entry.Number).ShouldBe(Enumerable.Range(0, playlist.Entries.Count).Select(i => first + i));
            (await StatusAsync(session, $"{rendition}/{first}.m4s")).ShouldBe(HttpStatusCode.OK);
            (await StatusAsync(session, $"{rendition}/{first - 1}.m4s")).ShouldBe(HttpStatusCode.NotFound);
        }
    }

    private async Task<HttpStatusCode> StatusAsync(BroadcastSession session, string file) =>
        (await _line.Client.GetAsync($"/live/{session.Channel}/{session.Id}/{file}")).StatusCode;

    /// <summary>Visibility of a single session.</summary>
    private sealed class StubSessionVisibility : ISessionVisibility
    {
        private readonly Lock _lock = new();
        private SessionVisibility _view = SessionVisibility.Hidden;

        public SessionVisibility View
        {
            get
            {
                lock (_lock)
                {
                    return _view;
                }
            }

            set
            {
                lock (_lock)
                {
                    _view = value;
                }
            }
        }

        public SessionVisibility? Find(ChannelName channel, SessionId session) => View;

        public void FixFirstSegment(ChannelName channel, SessionId session, DateTimeOffset from, long segment) =>
            View = SessionVisibility.Since(from, segment);
    }
}
