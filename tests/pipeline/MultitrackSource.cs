using System.Threading.Channels;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;

namespace Broadcast.Pipeline.Tests;

/// <summary>
/// A publication of several tracks of real media, as ingest would create it for an encoder. It enters at the publication's sink and passes
/// all stages as fast as they accept it, while the test's clock shows the time at which a real encoder would have sent each sample.
/// </summary>
internal static class MultitrackSource
{
    /// <summary>
    /// Sends complete tracks with a common start of presentation, as encoders with B-frames do by sending those tracks early. Returns when
    /// all media are on the timeline.
    /// </summary>
    public static async Task PublishAsync(this PipelineHarness line, BroadcastSession session, params CodedTrack[] tracks)
    {
        var queue = Channel.CreateBounded<MediaSample>(1024);
        var began = line.Time.GetUtcNow() - session.StartedAt;
        var publication = new Publication(
            new PublishGrant(Guid.NewGuid(), session, "passthrough", CancellationToken.None), [.. tracks.Select(track => track.Track)],
            queue.Reader);
        var running = line.Sink.RunAsync(publication, CancellationToken.None);
        var delay = tracks.Max(track => new MediaTime(track.Samples[0].Said.CompositionOffset, track.Track.Timescale).ToTimeSpan());
        foreach (var (track, sample, time) in tracks.SelectMany(track =>
            track.Samples.Select(sample => (track.Track, sample, Time: TimeOf(track, sample, delay))))
            .OrderBy(item => item.Time))
        {
            var at = time.ToTimeSpan();
            var late = session.StartedAt + began + at - line.Time.GetUtcNow();
            line.Time.Advance(late > TimeSpan.Zero ? late : TimeSpan.Zero);
            var decode = MediaTime.From(began, track.Timescale) + time;
            var present = decode with { Ticks = decode.Ticks + sample.Said.CompositionOffset };
            await queue.Writer
                .WriteAsync(new MediaSample(track, decode, present, sample.Said.IsSync, sample.Payload, line.Time.GetUtcNow()));
            await Poll.UntilAsync(() => queue.Reader.Count < 128);
        }

        queue.Writer.Complete();
        await running.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private static MediaTime TimeOf(CodedTrack track, CodedSample sample, TimeSpan delay)
    {
        var clock = track.Track.Timescale;
        return MediaTime.From(delay, clock) + new MediaTime(sample.Decode - track.Samples[0].Said.CompositionOffset, clock);
    }
}
