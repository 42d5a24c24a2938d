using System.Runtime.CompilerServices;
using Broadcast.Media.Codecs;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToControl;
using Broadcast.Transcoder.Slate;

namespace Broadcast.Pipeline.Tests;

/// <summary>
/// An encoder that is lost again and again, with the slate in between. The media that viewers get must stay at the clock, however often
/// that happens, and without overlaps and gaps.
/// </summary>
[LongRunning]
public sealed class OutageTests : IAsyncLifetime
{
    private const int Outages = 200;

    private static readonly TimeSpan MaxOffset = TimeSpan.FromSeconds(0.5);

    /// <summary>Longest time that media needs to be announced, on the test's clock: a part and two frames.</summary>
    private static readonly TimeSpan AnnouncementDelay = TimeSpan.FromSeconds(0.25);

    /// <summary>The gap before the slate and two frames; players bridge it.</summary>
    private static readonly TimeSpan MaxGap = TimeSpan.FromMilliseconds(100);

    /// <summary>Short parts show where the live edge is.</summary>
    private static readonly LatencyProfile ShortParts = LatencyProfile.Standard with { PartTarget = TimeSpan.FromSeconds(0.1) };

    private static readonly CodecConfig.Avc SlateConfiguration = CodecConfig.Avc.Parse(Convert.FromHexString(
        "0142C01EFFE100196742C01EDA0280BFE5C044000003000400000300F03C58BA8001000468CE0FCA"));

    private readonly TempFolder _folder = TempFolder.Create();
    private readonly ManualTimeProvider _time = new();
    private readonly AnnouncedParts _parts = new();
    private PipelineHarness _line = null!;
    private BroadcastSession _session = null!;

    public async ValueTask InitializeAsync()
    {
        _line = await PipelineHarness.StartAsync(_folder.Sub("data"), _time, SlateFrames, _parts);
        _session = PipelineHarness.Session(_time, latency: ShortParts);
    }

    public async ValueTask DisposeAsync()
    {
        await _line.DisposeAsync();
        await _folder.DisposeAsync();
    }

    [Fact]
    public async Task Timeline_stays_at_the_clock_after_any_number_of_outages_with_any_timestamps()
    {
        var random = new Random(7);
        var firstTimestamp = 0u;
        for (var outage = 0; outage < Outages; outage++)
        {
            // Timestamps start at zero, or continue, or a backlog of delayed media comes first, or the connection stays.
            var kind = outage % 4;
            var camera = _line.Attach(new FlvEncoder(_time)
            {
                VideoRate = 25, Keeps = false, FirstTimestamp = kind == 0 ? 0 : firstTimestamp,
                Ahead = TimeSpan.FromSeconds(kind == 2 ? random.Next(1, 6) : 0),
            }, _session);
            var begun = _time.GetUtcNow();
            await SendAsync(camera, 4 + random.NextDouble() * 5);
            if (kind == 3)
            {
                await WaitAsync(TimeSpan.FromSeconds(6.5 + random.NextDouble()), slateAfter: TimeSpan.FromSeconds(6.5));
                await SendAsync(camera, 12);
            }

            await camera.GoneAsync();
            firstTimestamp += (uint)(_time.GetUtcNow() - begun).TotalMilliseconds;
            var length = TimeSpan.FromSeconds(1 + (random.NextDouble() * 6));
            await WaitAsync(length, slateAfter: TimeSpan.FromSeconds(1));
            firstTimestamp += (uint)length.TotalMilliseconds;
        }

        foreach (var parts in _parts.Of("source", "audio"))
        {
            foreach (var (previous, next) in parts.Zip(parts.Skip(1)))
            {
                var gap = (next.Start - (previous.Start + previous.Duration).Rescale(next.Start.Timescale)).ToTimeSpan();
                gap.ShouldBeInRange(TimeSpan.FromTicks(-200), MaxGap, $"{next.Rendition}, from {previous.WallClock:T.fff} + {previous.Duration} to segment {next.Segment}, part {next.Part}");
                next.WallClock.ShouldBeGreaterThanOrEqualTo(previous.WallClock);
            }
        }

        _parts.Of("source").Single().Count(part => part.Part == 0).ShouldBeGreaterThan(Outages * 4);
    }

    [Fact]
    public async Task Media_stays_at_the_clock_long_after_a_backlog_replaced_the_slate()
    {
        var before = _line.Attach(new FlvEncoder(_time) { VideoRate = 25, Keeps = false }, _session);
        await SendAsync(before, 5);
        await before.GoneAsync();
        await WaitAsync(TimeSpan.FromSeconds(6), slateAfter: TimeSpan.FromSeconds(1));

        // The backlog puts the encoder 5 s ahead of its arrival; the switch removes that. It must not be removed twice.
        var after = _line.Attach(new FlvEncoder(_time) { VideoRate = 25, Keeps = false, Ahead = TimeSpan.FromSeconds(5) }, _session);
        await SendAsync(after, 1200);
        await after.GoneAsync();
    }

    /// <summary>Sends media and checks the live edge every 16 frames.</summary>
    private async Task SendAsync(FlvEncoder camera, double seconds)
    {
        for (var sent = 0.0; sent < seconds; sent += 0.64)
        {
            await camera.SendAsync(0.64);
            await EdgeAsync();
        }
    }

    /// <summary>Lets time pass without an encoder, and checks the live edge as soon as the slate is shown.</summary>
    private async Task WaitAsync(TimeSpan length, TimeSpan slateAfter)
    {
        var until = _time.GetUtcNow() + length;
        _time.Advance(slateAfter - TimeSpan.FromSeconds(0.5));

        // The slate starts on another thread, which may set its timers late.
        await Poll.UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            return _line.IsOnSlate(_session.Channel) && _parts.Edge >= _time.GetUtcNow() - AnnouncementDelay;
        });
        while (_time.GetUtcNow() < until)
        {
            var left = until - _time.GetUtcNow();
            _time.Advance(left < TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1));
            await EdgeAsync();
        }
    }

    private async Task EdgeAsync()
    {
        var now = _time.GetUtcNow();
        await Poll.UntilAsync(() => _parts.Edge >= now - AnnouncementDelay, description: $"the live edge {_parts.Edge:T} is at {now:T}");
        (_parts.Edge - now).ShouldBeLessThanOrEqualTo(MaxOffset);
        (_session.StartedAt + _parts.MediaEdge - now).Duration().ShouldBeLessThanOrEqualTo(MaxOffset, "media times are at the clock, too");
    }

    private static async IAsyncEnumerable<SlateFrame> SlateFrames(SlateInput input, SlateFile file,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        var loop = SlateCommand.LoopStartOf(input.Format, input.Hold, file.Type == SlateFileType.Mp4);
        for (var i = 0; i < loop + input.Format.FramesIn(TimeSpan.FromSeconds(2)); i++)
        {
            var isSync = i == 0 || i == loop;
            yield return new SlateFrame(SlateConfiguration, isSync, new byte[] { 0, 0, 0, 2, (byte)(isSync ? 0x65 : 0x41), 1 });
        }
    }

    /// <summary>Collects the announced parts of a session.</summary>
    private sealed class AnnouncedParts : ITimelineSink
    {
        private readonly Lock _gate = new();
        private readonly List<TimelineEvent.PartReady> _parts = [];
        private DateTimeOffset _edge;
        private TimeSpan _mediaEdge;

        /// <summary>Wall-clock time at the end of the newest video.</summary>
        public DateTimeOffset Edge
        {
            get
            {
                lock (_gate)
                {
                    return _edge;
                }
            }
        }

        /// <summary>Media time at the end of the newest video.</summary>
        public TimeSpan MediaEdge
        {
            get
            {
                lock (_gate)
                {
                    return _mediaEdge;
                }
            }
        }

        public List<List<TimelineEvent.PartReady>> Of(params string[] renditions)
        {
            lock (_gate)
            {
                return [.. renditions.Select(rendition => _parts.Where(part => part.Rendition == rendition).ToList())];
            }
        }

        public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
        {
            lock (_gate)
            {
                foreach (var part in events.OfType<TimelineEvent.PartReady>())
                {
                    _parts.Add(part);
                    if (part.Rendition == "source")
                    {
                        (_edge, _mediaEdge) = (part.WallClock + part.Duration.ToTimeSpan(), (part.Start + part.Duration).ToTimeSpan());
                    }
                }
            }
        }

        public void Forget(ChannelName channel, SessionId session)
        {
        }
    }
}
