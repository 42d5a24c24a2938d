using Broadcast.Media;

namespace Broadcast.Origin.Hls;

/// <summary>Draws playlists from a timeline. Pure; the caller holds the timeline still meanwhile.</summary>
internal static class Playlists
{
    private const string AudioGroup = "audio";

    /// <summary>The media playlist of a rendition, or <see langword="null"/> while it has no whole segment.</summary>
    public static MediaPlaylist? Media(SessionTimeline timeline, RenditionTimeline rendition, RenditionRecord record)
    {
        var closed = rendition.Closed;
        if (closed.IsEmpty)
        {
            return null;
        }

        var latency = timeline.Session.Latency;
        var segments = new PlaylistSegment[closed.Length];
        for (var i = 0; i < closed.Length; i++)
        {
            segments[i] = Segment(rendition, closed[i], latency.TargetDuration);
        }

        return new MediaPlaylist
        {
            TargetDuration = (int)Math.Ceiling(latency.TargetDuration.TotalSeconds),
            HoldBack = 3 * latency.TargetDuration,
            MediaSequence = closed[0].Number,
            // A rendition that joined late has never listed the discontinuities before its first segment, but the others have: they count all the same.
            DiscontinuitySequence = timeline.DiscontinuitySequence + CountBefore(timeline.Discontinuities, closed[0].Number),
            IndependentSegments = record.IsIndependent,
            Segments = segments,
            IsEnded = timeline.IsEnded,
        };
    }

    /// <summary>The multivariant playlist of a session, of the renditions that have something.</summary>
    public static MultivariantPlaylist Multivariant(SessionTimeline timeline, IReadOnlyDictionary<string, RenditionRecord> records)
    {
        var ready = timeline.Renditions.Where(rendition => rendition.Init is not null && records[rendition.Name].HasMedia).ToList();
        var video = ready.Where(rendition => rendition.Kind == TrackKind.Video).ToList();
        var audio = ready.Where(rendition => rendition.Kind == TrackKind.Audio).ToList();
        var independent = ready.TrueForAll(rendition => records[rendition.Name].IsIndependent);
        return video.Count > 0
            ? new MultivariantPlaylist
            {
                IndependentSegments = independent,
                Audio = [.. audio.Select((rendition, index) => Audio(timeline, audio, rendition, index))],
                Variants = [.. video.Select(rendition => Variant(timeline, rendition, audio, records))],
            }
            : new MultivariantPlaylist
            {
                IndependentSegments = independent,
                Audio = [],
                Variants = [.. audio.Select(rendition => Variant(timeline, rendition, [], records))],
            };
    }

    private static PlaylistSegment Segment(RenditionTimeline rendition, TimelineSegment segment, TimeSpan target) => new(
        $"{rendition.Name}/{segment.Number}.m4s",
        // A hole may be longer than any segment is allowed to be; what is said of it may not (RFC 8216, 4.3.3.1). The next date-time tells the truth.
        segment.IsGap ? Math.Min(segment.Duration.TotalSeconds, target.TotalSeconds) : segment.Duration.TotalSeconds,
        rendition.FindInit(segment.Init) is { } init ? $"{rendition.Name}/init-{init.Number}.mp4" : null,
        segment.WallClock,
        segment.Discontinuity,
        segment.IsGap);

    private static AudioRendition Audio(SessionTimeline timeline, List<RenditionTimeline> all, RenditionTimeline rendition, int index)
    {
        var language = LanguageOf(rendition);
        var name = language is not null && all.Count(other => LanguageOf(other) == language) == 1 ? language : rendition.Name;
        return new AudioRendition(AudioGroup, name, language, index == 0, rendition.Init!.Format.Channels, UriOf(timeline, rendition));
    }

    private static VariantStream Variant(
        SessionTimeline timeline, RenditionTimeline rendition, List<RenditionTimeline> audio, IReadOnlyDictionary<string, RenditionRecord> records)
    {
        var format = rendition.Init!.Format;
        var bitrate = records[rendition.Name].Bitrate;
        var peak = BitrateMeter.Step(bitrate.Peak + audio.Select(other => records[other.Name].Bitrate.Peak).DefaultIfEmpty().Max());
        var average = bitrate.AnnouncedAverage + audio.Select(other => records[other.Name].Bitrate.AnnouncedAverage).DefaultIfEmpty().Max();
        return new VariantStream(
            peak,
            Math.Min(peak, average),
            [.. audio.Select(other => other.Init!.Format.Codecs).Prepend(format.Codecs).Distinct(StringComparer.Ordinal)],
            format.Width,
            format.Height,
            format.FrameRate,
            audio.Count > 0 ? AudioGroup : null,
            UriOf(timeline, rendition));
    }

    /// <summary>The language, when it is spelt as BCP 47 spells them: it goes into a quoted string.</summary>
    internal static string? LanguageOf(RenditionTimeline rendition) =>
        rendition.Init?.Format.Language is { Length: > 0 and <= 35 } tag && char.IsAsciiLetter(tag[0])
        && tag.Split('-').All(piece => piece.Length is >= 1 and <= 8 && piece.All(char.IsAsciiLetterOrDigit)) ? tag : null;

    private static string UriOf(SessionTimeline timeline, RenditionTimeline rendition) => $"{timeline.Session.Id}/{rendition.Name}.m3u8";

    private static int CountBefore(IReadOnlyCollection<long> numbers, long limit)
    {
        var count = 0;
        foreach (var number in numbers)
        {
            count += number < limit ? 1 : 0;
        }

        return count;
    }
}
