using System.Globalization;
using Broadcast.Media;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Rewinding;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Hls;

/// <summary>Draws playlists from a timeline. Pure; the caller holds the timeline still meanwhile.</summary>
internal static class Playlists
{
    private const string FirstGroup = "audio";
    private const string CaptionGroup = "cc";
    private const string Service = "SERVICE";
    private const int LongestName = 256;
    private const int MostCaptions = 16;

    /// <summary>The media playlist of a rendition, or <see langword="null"/> while it has no whole segment.</summary>
    /// <param name="timeline">The session.</param>
    /// <param name="rendition">The rendition.</param>
    /// <param name="records">What is remembered of all renditions.</param>
    /// <param name="isDelta">Whether old segments are left out, where the latency profile offers that (RFC 8216bis, 6.2.5.1).</param>
    /// <param name="kept">First number that was not lost.</param>
    public static MediaPlaylist? Media(
        SessionTimeline timeline, RenditionTimeline rendition, IReadOnlyDictionary<string, RenditionRecord> records, bool isDelta = false, long kept = 0)
    {
        var closed = rendition.Closed;
        if (closed.IsEmpty)
        {
            return null;
        }

        var latency = timeline.Session.Latency;
        var lowLatency = LowLatency.Of(latency);
        var isOpen = lowLatency is not null && !timeline.IsEnded && rendition.Open is not null;
        // "A Server MUST ignore the _HLS_skip directive if the Playlist … contains an EXT-X-ENDLIST tag" (6.2.5.1).
        var skipped = isDelta && lowLatency is not null && !timeline.IsEnded ? CountSkipped(closed, latency.TargetDuration) : 0;
        var segments = new PlaylistSegment[closed.Length - skipped + (isOpen ? 1 : 0)];
        if (isOpen)
        {
            segments[^1] = Segment(rendition, rendition.Open!, latency, withParts: true) with { IsOpen = true };
        }

        var distance = isOpen ? rendition.Open!.Duration.TotalSeconds : 0;
        var reach = LowLatency.PartsReach(latency.TargetDuration).TotalSeconds;
        for (var i = closed.Length - 1; i >= skipped; i--)
        {
            distance += Length(closed[i], latency.TargetDuration);
            segments[i - skipped] = Segment(rendition, closed[i], latency, lowLatency is not null && distance <= reach);
        }

        var past = PastRange.Of(timeline, rendition.Name, closed[0].Number, kept);
        return new MediaPlaylist
        {
            TargetDuration = (int)Math.Ceiling(latency.TargetDuration.TotalSeconds),
            HoldBack = 3 * latency.TargetDuration,
            LowLatency = lowLatency,
            MediaSequence = past.First,
            DiscontinuitySequence = past.DiscontinuitySequence,
            Type = timeline.Session.Rewind == Rewind.All ? "EVENT" : null,
            // Of every segment listed, and so of one that has only begun (4.4.2.1).
            IndependentSegments = records[rendition.Name].IsIndependent && (!isOpen || rendition.Open!.Independent),
            SkippedSegments = skipped > 0 ? skipped + (int)(closed[0].Number - past.First) : 0,
            Past = skipped > 0 ? past with { Chapters = [] } : past,
            Segments = segments,
            // "A Playlist containing an EXT-X-ENDLIST tag MUST NOT contain an EXT-X-PRELOAD-HINT tag" (4.4.5.3).
            Hint = lowLatency is not null && !timeline.IsEnded && RenditionEdge.Of(rendition, latency) is { Next: var next }
                ? PlaylistParts.Uri(rendition.Name, next.Segment, next.Part) : null,
            Reports = lowLatency is not null && !timeline.IsEnded ? Reports(timeline, rendition) : [],
            IsEnded = timeline.IsEnded,
        };
    }

    /// <summary>The I-frame playlist of a rendition, or <see langword="null"/> where there is none.</summary>
    /// <param name="timeline">The session.</param>
    /// <param name="rendition">The rendition.</param>
    public static Document? Keys(SessionTimeline timeline, RenditionTimeline rendition) =>
        rendition.Kind == TrackKind.Video && KeyPlaylist.IsOffered(timeline.Session) && KeyPlaylist.Exists(rendition)
            ? KeyPlaylist.Draw(timeline, rendition, DiscontinuitiesBefore(timeline, rendition.Closed[0].Number)) : null;

    /// <summary>A rendition that joined late has never listed the discontinuities before its first segment, but the others have: they count all the same.</summary>
    private static long DiscontinuitiesBefore(SessionTimeline timeline, long segment) => timeline.DiscontinuitySequence + timeline.Discontinuities.Count(number => number < segment);

    /// <summary>Segments at the front of which all is further from the end of the last whole one than the skip boundary.</summary>
    private static int CountSkipped(ReadOnlySpan<TimelineSegment> closed, TimeSpan target)
    {
        var boundary = LowLatency.SkipBoundary(target).TotalSeconds;
        var (distance, first) = (0.0, closed.Length - 1);
        while (first > 0 && distance <= boundary)
        {
            distance += Length(closed[first--], target);
        }

        return distance > boundary ? first + 1 : 0;
    }

    private static RenditionReport[] Reports(SessionTimeline timeline, RenditionTimeline own) =>
    [
        .. timeline.Renditions.Where(other => other != own && other.Init is not null).Select(other => (other.Name, Edge: RenditionEdge.Of(other, timeline.Session.Latency)))
            .Where(other => other.Edge is not null)
            .Select(other => new RenditionReport($"{other.Name}.m3u8", other.Edge!.Value.Newest.Segment, other.Edge.Value.Newest.Part)),
    ];

    /// <summary>The multivariant playlist of a session, of the renditions that have something.</summary>
    /// <param name="timeline">The session.</param>
    /// <param name="records">What is remembered of all renditions.</param>
    /// <param name="listed">Which of them; all when not given.</param>
    public static MultivariantPlaylist Multivariant(SessionTimeline timeline, IReadOnlyDictionary<string, RenditionRecord> records, IReadOnlySet<string>? listed = null)
    {
        var ready = timeline.Renditions.Where(rendition => rendition.Init is not null && records[rendition.Name].HasMedia && listed?.Contains(rendition.Name) != false).ToList();
        var video = ready.Where(rendition => rendition.Kind == TrackKind.Video).ToList();
        var groups = Groups([.. ready.Where(rendition => rendition.Kind == TrackKind.Audio)]);
        return new MultivariantPlaylist
        {
            IndependentSegments = ready.TrueForAll(rendition => records[rendition.Name].IsIndependent && rendition.Open is not { Independent: false }),
            Audio = [.. groups.Where(group => video.Count > 0 || group.Renditions.Count > 1).SelectMany(group => Members(timeline, groups[0], group, inVariant: video.Count == 0))],
            Captions =
            [
                .. video.SelectMany(CaptionsOf).Distinct(StringComparer.Ordinal)
                    .Select(id => new CaptionRendition(CaptionGroup, id, video.Where(rendition => CaptionsOf(rendition).Contains(id)).Select(LanguageOf).FirstOrDefault())),
            ],
            Variants = video.Count > 0
                ? [.. video.SelectMany(rendition => groups.DefaultIfEmpty().Select(group => Variant(timeline, rendition, group, records, video)))]
                : [.. groups.Select(group => Variant(timeline, group.Renditions[0], group.Renditions.Count > 1 ? group : null, records, video))],
            Keys = !KeyPlaylist.IsOffered(timeline.Session) ? [] : [.. video.Where(KeyPlaylist.Exists).Select(rendition => KeyStream(timeline, rendition, records[rendition.Name].KeyBitrate))],
            Images = ThumbnailTrack.Of(timeline) is { } track
                ? new ImageStream(track.Bandwidth, track.Layout.TileWidth, track.Layout.TileHeight, $"{timeline.Session.Id}/{ThumbnailTrack.Name}.m3u8")
                : null,
        };
    }

    /// <summary>
    /// Sound by codec: what a variant's <c>CODECS</c> names a player must be able to play, so that one which knows AAC but not AC-3 needs a variant without it.
    /// </summary>
    private static List<AudioGroup> Groups(List<RenditionTimeline> audio) =>
    [
        .. audio.GroupBy(rendition => rendition.Init!.Format.Codecs.Split('.')[0], StringComparer.Ordinal)
            .Select((codec, index) => new AudioGroup(index == 0 ? FirstGroup : $"{FirstGroup}-{codec.Key.ToLowerInvariant()}", [.. codec])),
    ];

    /// <summary>A group's tags. The same sound in another codec has the same name, as groups have the same members (draft-pantos-hls-rfc8216bis, 4.4.6.1.1).</summary>
    /// <param name="timeline">The session.</param>
    /// <param name="first">The first group, which names what both have.</param>
    /// <param name="group">The group.</param>
    /// <param name="inVariant">Whether the first of the group is what the variant itself lists, so that it has no address of its own (RFC 8216, 4.3.4.2.1).</param>
    private static IEnumerable<AudioRendition> Members(SessionTimeline timeline, AudioGroup first, AudioGroup group, bool inVariant)
    {
        var named = first.Renditions.Select(LanguageOf).SequenceEqual(group.Renditions.Select(LanguageOf)) ? first : group;
        return group.Renditions.Select((rendition, index) => Audio(timeline, named, group, index, inVariant && index == 0));
    }

    private static PlaylistSegment Segment(RenditionTimeline rendition, TimelineSegment segment, LatencyProfile latency, bool withParts) => new(
        $"{rendition.Name}/{segment.Number}.m4s",
        Length(segment, latency.TargetDuration),
        rendition.FindInit(segment.Init) is { } init ? $"{rendition.Name}/init-{init.Number}.mp4" : null,
        segment.WallClock,
        segment.Discontinuity,
        segment.IsGap)
    {
        Parts = withParts ? PlaylistParts.Of(rendition, segment, latency) : [],
    };

    /// <summary>
    /// What is said of a segment's length, in seconds. A hole may be longer than any segment is allowed to be; what is said of it may not (RFC 8216, 4.3.3.1). The
    /// next date-time tells the truth.
    /// </summary>
    internal static double Length(TimelineSegment segment, TimeSpan target) =>
        segment.IsGap ? Math.Min(segment.Duration.TotalSeconds, target.TotalSeconds) : segment.Duration.TotalSeconds;

    private static AudioRendition Audio(SessionTimeline timeline, AudioGroup named, AudioGroup group, int index, bool isInVariant)
    {
        var rendition = group.Renditions[index];
        return new AudioRendition(group.Id, NameOf(named, index), LanguageOf(rendition), index == 0, rendition.Init!.Format.Channels, isInVariant ? null : UriOf(timeline, rendition));
    }

    private static VariantStream Variant(
        SessionTimeline timeline, RenditionTimeline rendition, AudioGroup? group, IReadOnlyDictionary<string, RenditionRecord> records, List<RenditionTimeline> video)
    {
        var format = rendition.Init!.Format;
        var bitrate = records[rendition.Name].Bitrate;
        List<RenditionTimeline> audio = group is null || rendition.Kind == TrackKind.Audio ? [] : group.Renditions;
        var peak = BitrateMeter.Step(bitrate.Peak + audio.Select(other => records[other.Name].Bitrate.Peak).DefaultIfEmpty().Max());
        var average = bitrate.AnnouncedAverage + audio.Select(other => records[other.Name].Bitrate.AnnouncedAverage).DefaultIfEmpty().Max();
        return new VariantStream(
            peak,
            Math.Min(peak, average),
            [.. audio.Select(other => other.Init!.Format.Codecs).Prepend(format.Codecs).Distinct(StringComparer.Ordinal)],
            format.Width,
            format.Height,
            format.FrameRate,
            VideoRange.Of(format.Color),
            group?.Id,
            CaptionsOf(rendition).Any() ? CaptionGroup : null,
            UriOf(timeline, rendition))
        {
            Score = Score(video, rendition, records),
        };
    }

    private static KeyStream KeyStream(SessionTimeline timeline, RenditionTimeline rendition, BitrateMeter bitrate)
    {
        var format = rendition.Init!.Format;
        return new KeyStream(
            BitrateMeter.Step(bitrate.Peak), bitrate.AnnouncedAverage, format.Codecs, format.Width, format.Height, VideoRange.Of(format.Color),
            $"{timeline.Session.Id}/{rendition.Name}/{KeyPlaylist.FileName}");
    }

    /// <summary>
    /// Where pictures come in several codecs, bits no longer tell which variant looks best: then each has its rank, by size, rate of pictures, and what its bits are worth. All have one or none
    /// (draft-pantos-hls-rfc8216bis, 4.4.6.2).
    /// </summary>
    private static int? Score(List<RenditionTimeline> video, RenditionTimeline rendition, IReadOnlyDictionary<string, RenditionRecord> records)
    {
        if (rendition.Kind != TrackKind.Video)
        {
            return null;
        }

        return video.Select(other => CodecWorth.FamilyOf(other.Init!.Format.Codecs)).Distinct().Skip(1).Any()
            ? 1 + video.Count(other => CodecWorth.Compare(Described(other), Described(rendition)) < 0)
            : null;

        (RenditionFormat, long) Described(RenditionTimeline other) => (other.Init!.Format, records[other.Name].Bitrate.AnnouncedAverage);
    }

    /// <summary>What a player's menu shows, unique in the group (RFC 8216, 4.3.4.1): the encoder's name for it, else its language, else the rendition's own name.</summary>
    private static string NameOf(AudioGroup group, int index)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; ; i++)
        {
            var rendition = group.Renditions[i];
            var name = Alone(LabelOf) ?? Alone(LanguageOf) ?? rendition.Name;
            for (var number = 2; !names.Add(name); number++)
            {
                name = $"{rendition.Name} {number}";
            }

            if (i == index)
            {
                return name;
            }

            string? Alone(Func<RenditionTimeline, string?> of) =>
                of(rendition) is { } own && !names.Contains(own) && group.Renditions.Count(other => of(other) == own) == 1 ? own : null;
        }
    }

    /// <summary>What the encoder calls it, fit for a quoted string and for XML; <see langword="null"/> when that is nothing.</summary>
    internal static string? LabelOf(RenditionTimeline rendition)
    {
        var name = rendition.Init?.Format.Name;
        if (string.IsNullOrWhiteSpace(name) || name.Length > LongestName)
        {
            return null;
        }

        var clean = new string([.. name.Select(c => c == '"' ? '\'' : c).Where(c => char.GetUnicodeCategory(c)
            is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            && c < '\uFFFE')]).Trim();
        return clean.Length > 0 ? clean : null;
    }

    /// <summary>The captions in its pictures by name, where they are names of captions: they go into quoted strings.</summary>
    internal static IEnumerable<string> CaptionsOf(RenditionTimeline rendition) =>
        (rendition.Init?.Format.Captions ?? "").Split(' ').Where(id => id is "CC1" or "CC2" or "CC3" or "CC4" || ServiceOf(id) is not null).Take(MostCaptions);

    /// <summary>The number of a service of CEA-708; <see langword="null"/> when it is none.</summary>
    internal static int? ServiceOf(string captions) =>
        captions.StartsWith(Service, StringComparison.Ordinal) && int.TryParse(captions.AsSpan(Service.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number is >= 1 and <= 63 && captions.Length == Service.Length + (number < 10 ? 1 : 2) ? number : null;

    /// <summary>The language, when it is spelt as BCP 47 spells them: it goes into a quoted string.</summary>
    internal static string? LanguageOf(RenditionTimeline rendition) =>
        rendition.Init?.Format.Language is { Length: > 0 and <= 35 } tag && char.IsAsciiLetter(tag[0])
        && tag.Split('-').All(piece => piece.Length is >= 1 and <= 8 && piece.All(char.IsAsciiLetterOrDigit)) ? tag : null;

    /// <summary>Sound of one codec, which a player chooses from by language.</summary>
    /// <param name="Id"><c>GROUP-ID</c></param>
    /// <param name="Renditions">At least one; the first is the default.</param>
    private sealed record AudioGroup(string Id, List<RenditionTimeline> Renditions);

    private static string UriOf(SessionTimeline timeline, RenditionTimeline rendition) => $"{timeline.Session.Id}/{rendition.Name}.m3u8";
}
