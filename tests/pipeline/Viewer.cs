using Broadcast.Media.Bmff;

namespace Broadcast.Pipeline.Tests;

/// <summary>A viewer that fetches all segments of a playlist and parses them as a decoder would.</summary>
internal static class Viewer
{
    /// <summary>
    /// Fetches all segments of a rendition's playlist and checks them: no gap and no overlap within a period, segment times match the
    /// playlist, parts equal their segment.
    /// </summary>
    public static async Task<Watched> WatchAsync(this PipelineHarness line, BroadcastSession session, string rendition = "source")
    {
        var playlist = await line.PlaylistAsync(session, rendition);
        List<byte[]> payloads = [];
        List<DecodedSegment> segments = [];
        long? expected = null;
        playlist.Entries.ShouldAllBe(e => !e.Gap, line.Log.ToString());
        foreach (var entry in playlist.Entries)
        {
            var init = InitSegmentReader.Read(await line.MediaAsync(session, entry.Map));
            var bytes = await line.MediaAsync(session, entry.Address);
            var fragments = FragmentReader.ReadAll(bytes, out var consumed);
            consumed.ShouldBe(bytes.Length, $"{rendition} {entry.Number} consists of complete chunks");
            fragments.ShouldAllBe(f => f.TrackId == init.TrackId);
            fragments[0].SegmentType.ShouldBe(SegmentTypeBox.Segment);
            var began = fragments[0].BaseDecodeTime;
            expected = entry.Discontinuity ? null : expected;
            foreach (var (fragment, part) in fragments.Select((f, i) => (f, i)))
            {
                (expected ?? fragment.BaseDecodeTime).ShouldBe(fragment.BaseDecodeTime,
                    $"{rendition} {entry.Number}, chunk {part} follows without a gap");
                expected = fragment.BaseDecodeTime + fragment.Duration;
                var position = fragment.DataOffset;
                foreach (var sample in fragment.Samples)
                {
                    payloads.Add(bytes[position..(position + sample.Size)]);
                    position += sample.Size;
                }

                (await line.MediaAsync(session, entry.Address.Replace(".m4s", $".{part}.m4s", StringComparison.Ordinal)))
                    .ShouldBe(bytes[fragment.Offset..(fragment.Offset + fragment.Length)], $"{rendition} {entry.Number}, part {part}");
            }

            Math.Abs(((double)(expected!.Value - began) / init.Timescale) - entry.Duration)
                .ShouldBeLessThan(0.0011, $"{rendition} {entry.Number} has the listed duration");
            segments.Add(new DecodedSegment(entry.Number, began, expected.Value, init.Timescale, fragments[0].Samples[0].IsSync));
        }

        return new Watched(playlist, segments, payloads);
    }

    /// <summary>Checks that numbers and times of an MPD match the media.</summary>
    /// <param name="mpd">The MPD.</param>
    /// <param name="watched">Fetched media, in decode times.</param>
    /// <param name="rendition">Name of the rendition.</param>
    /// <param name="delay">Seconds from a segment's decode time to its presentation, with B-frames.</param>
    public static void ShouldList(this Mpd mpd, Watched watched, string rendition, double delay = 0)
    {
        var listed = mpd.Periods.SelectMany(p => p.Representations[rendition]
            .Segments.Select(s => (s.Number, s.Time, Clock: p.Representations[rendition].Timescale))).ToList();
        listed.Select(s => s.Number).ShouldBe(watched.Segments.Select(s => s.Number));
        foreach (var (entry, segment) in listed.Zip(watched.Segments))
        {
            Math.Abs(((double)entry.Time / entry.Clock) - ((double)segment.Began / segment.Timescale) - delay)
                .ShouldBeLessThan(0.0001, $"{rendition} {entry.Number}");
        }
    }
}

/// <summary>A viewer's copy of a rendition.</summary>
internal sealed record Watched(Playlist Playlist, IReadOnlyList<DecodedSegment> Segments, IReadOnlyList<byte[]> Payloads);

/// <summary>A segment of the rendition, in ticks of its timescale.</summary>
internal sealed record DecodedSegment(long Number, long Began, long Ended, int Timescale, bool IsSync);
