using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Failover;
using Broadcast.Transcoder.Slate;
using Broadcast.Transcoder.Tests.Encoders;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Failover;

/// <summary>The slate as a further input, made by a real ffmpeg (rows F01 to F04 of the edge cases).</summary>
public sealed class SlateSwitchTests : IPublicationSink, IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private static readonly Track Audio = new(2, CodecConfig.Aac.Parse([0x11, 0x90]), 48_000);

    private readonly CancellationTokenSource _over = new();
    private readonly List<Aired> _runs = [];
    private readonly SlateService _slates = new(Options.Create(new SlateOptions()), Options.Create(new EncodingOptions()), channels: null,
        TimeProvider.System, NullLogger<SlateService>.Instance);
    private readonly InputSwitch _switch;
    private readonly BroadcastSession _session = new(ChannelName.Parse("main"), SessionId.New(TimeProvider.System.GetUtcNow()), 1,
        TimeProvider.System.GetUtcNow(), LatencyProfile.Standard);

    public SlateSwitchTests() => _switch = new InputSwitch(this, Options.Create(new FailoverOptions()), _slates, TimeProvider.System,
        NullLogger<InputSwitch>.Instance);

    [Fact]
    public async Task Slate_follows_the_source_without_a_gap_and_ends_when_an_encoder_returns()
    {
        var frames = await CodedFrames.MakeAsync(1, "320x180", 30);
        await SendAsync(frames, TimeSpan.Zero);
        await Poll.UntilAsync(() => Count(1) > 60, Timeout, "the slate is shown");

        var (source, slate) = (Seen(0), Seen(1));
        _switch.IsOnSlate(_session.Channel).ShouldBeTrue();
        slate.Where(s => s.Track.Kind == TrackKind.Video).Select(s => s.Present.Ticks).Take(60).ShouldBe(
            Enumerable.Range(1, 60).Select(i => source.Last(s => s.Track.Kind == TrackKind.Video).Present.Ticks + (i * 3000L) + 2700),
            "30 ms after the source");
        slate.First(s => s.Track.Kind == TrackKind.Video).IsSync.ShouldBeTrue();
        slate.Where(s => s.Track.Kind == TrackKind.Audio).ShouldAllBe(s => ReferenceEquals(s.Track, Audio));

        await ReturnAsync(frames, run: 1);
        _runs.Select(run => run.IsSlate).ShouldBe([false, true, false], "source, slate, source");
    }

    [Fact]
    public async Task Session_that_continues_without_an_encoder_has_the_slate_until_one_arrives()
    {
        var frames = await CodedFrames.MakeAsync(1, "320x180", 30);
        var end = new MediaTime(2 * MediaTime.VideoTimescale, MediaTime.VideoTimescale);
        _switch.ShowSlate(Grant(), new([frames[0].Track, Audio], end));
        await Poll.UntilAsync(() => Count(0) > 60, Timeout, "the slate is shown");

        _switch.IsOnSlate(_session.Channel).ShouldBeTrue();
        _runs.ShouldHaveSingleItem().IsSlate.ShouldBeTrue();
        Seen(0).ShouldAllBe(sample => sample.Present.ToTimeSpan() > end.ToTimeSpan());
        Seen(0).Select(sample => sample.Track.Kind).Distinct().Count().ShouldBe(2, "video and silence");
        _switch.ShowSlate(Grant(), new([frames[0].Track], end));
        _switch.ActiveSlates.ShouldBe(1, "there is one already");

        await ReturnAsync(frames, run: 0);
        _runs.Select(run => run.IsSlate).ShouldBe([true, false]);
    }

    [Fact]
    public async Task Encoder_that_arrives_at_once_needs_no_slate()
    {
        var frames = await CodedFrames.MakeAsync(1, "320x180", 30);
        var queue = Channel.CreateBounded<MediaSample>(1000);
        var running = _switch.RunAsync(new Publication(Grant(), [frames[0].Track], queue.Reader), CancellationToken.None);
        _switch.ShowSlate(Grant(), new([frames[0].Track, Audio], new(0, MediaTime.VideoTimescale)));

        _switch.ActiveSlates.ShouldBe(0);
        await _over.CancelAsync();
        queue.Writer.Complete();
        await running.WaitAsync(Timeout);
    }

    [Fact]
    public async Task Slate_ends_with_its_session()
    {
        await SendAsync(await CodedFrames.MakeAsync(1, "320x180", 30), TimeSpan.Zero);
        await Poll.UntilAsync(() => Count(1) > 0, Timeout, "the slate is shown");

        await _over.CancelAsync();

        await Poll.UntilAsync(() => _switch.ActiveSlates == 0, Timeout, "the slate is over");
        await Poll.UntilAsync(() => _runs[1].IsOver, Timeout, "and what it was passed on to");
    }

    [Fact]
    public async Task Session_that_ends_with_its_encoder_has_no_slate()
    {
        await _over.CancelAsync();
        await SendAsync(await CodedFrames.MakeAsync(1, "320x180", 30), TimeSpan.Zero);

        _switch.ActiveSlates.ShouldBe(0);
        _runs.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Process_stop_ends_its_slates()
    {
        await SendAsync(await CodedFrames.MakeAsync(1, "320x180", 30), TimeSpan.Zero);
        await Poll.UntilAsync(() => Count(1) > 0, Timeout, "the slate is shown");

        await _switch.StopAsync(CancellationToken.None).WaitAsync(Timeout);

        _runs[1].IsOver.ShouldBeTrue();
    }

    async Task IPublicationSink.RunAsync(Publication publication, CancellationToken cancellationToken)
    {
        var run = new Aired(publication.Tracks, []) { IsSlate = publication.IsSlate };
        lock (_runs)
        {
            _runs.Add(run);
        }

        while (await publication.Samples.WaitToReadAsync(cancellationToken))
        {
            while (publication.Samples.TryRead(out var sample))
            {
                lock (_runs)
                {
                    run.Samples.Add(sample);
                }
            }
        }

        run.IsOver = true;
    }

    public async ValueTask DisposeAsync()
    {
        await _switch.StopAsync(CancellationToken.None);
        _switch.Dispose();
        _slates.Dispose();
        _over.Dispose();
    }

    private PublishGrant Grant() => new(Guid.NewGuid(), _session, "passthrough", CancellationToken.None) { SessionEnded = _over.Token };

    /// <summary>Connects an encoder while the slate is shown, waits until its media are forwarded, and ends the session.</summary>
    /// <param name="frames">Its frames.</param>
    /// <param name="run">Number of the slate's run.</param>
    private async Task ReturnAsync(IReadOnlyList<MediaSample> frames, int run)
    {
        var encoder = Channel.CreateBounded<MediaSample>(1000);
        var back = _switch.RunAsync(new Publication(Grant(), [frames[0].Track, Audio], encoder.Reader), CancellationToken.None);
        var shift = Seen(run)[^1].Present.Rescale(MediaTime.VideoTimescale) + new MediaTime(9000, MediaTime.VideoTimescale);
        foreach (var frame in frames)
        {
            encoder.Writer.TryWrite(frame with { Decode = frame.Decode + shift, Present = frame.Present + shift,
                Arrival = _session.StartedAt + (frame.Decode + shift).ToTimeSpan() }).ShouldBeTrue();
        }

        await Poll.UntilAsync(() => Count(run + 1) >= 30, Timeout, "the encoder's frames are forwarded");
        await Poll.UntilAsync(() => _switch.ActiveSlates == 0, Timeout, "the slate is over");
        _switch.IsOnSlate(_session.Channel).ShouldBeFalse();
        await _over.CancelAsync();
        encoder.Writer.Complete();
        await back.WaitAsync(Timeout);
    }

    /// <summary>Connects an encoder, sends all of its media, and disconnects.</summary>
    private async Task SendAsync(IReadOnlyList<MediaSample> frames, TimeSpan shift)
    {
        var by = MediaTime.From(shift, MediaTime.VideoTimescale);
        var queue = Channel.CreateBounded<MediaSample>(1000);
        var now = TimeProvider.System.GetUtcNow();
        foreach (var frame in frames)
        {
            var sample = frame with { Decode = frame.Decode + by, Present = frame.Present + by, Arrival = now };
            queue.Writer.TryWrite(sample).ShouldBeTrue();
            var at = sample.Decode.Rescale(Audio.Timescale);
            queue.Writer.TryWrite(new MediaSample(Audio, at, at, IsSync: true, new byte[8], now)).ShouldBeTrue();
        }

        queue.Writer.Complete();
        await _switch.RunAsync(new Publication(Grant(), [frames[0].Track, Audio], queue.Reader), CancellationToken.None).WaitAsync(Timeout);
    }

    private int Count(int run)
    {
        lock (_runs)
        {
            return _runs.Count > run ? _runs[run].Samples.Count(s => s.Track.Kind == TrackKind.Video) : 0;
        }
    }

    private List<MediaSample> Seen(int run)
    {
        lock (_runs)
        {
            return [.. _runs[run].Samples];
        }
    }
}
