using Broadcast.Media;

namespace Broadcast.Origin.Hls;

/// <summary>What a request for a media playlist gets.</summary>
internal enum ReloadVerdict
{
    /// <summary>The playlist as it is: 200, kept by caches as any playlist is.</summary>
    Answer,

    /// <summary>The playlist that was asked for by number: 200, and this address will never mean a newer one, so that caches may keep it longer.</summary>
    AnswerAsked,

    /// <summary>Nothing yet: it will come.</summary>
    Wait,

    /// <summary>400: nobody who reads our playlists asks for this.</summary>
    Refuse,

    /// <summary>503: it should have come, and does not.</summary>
    GiveUp,
}

/// <summary>Whether what a rendition is expected to bring can still come.</summary>
/// <param name="IsEnded">Whether the session is over.</param>
/// <param name="IsStalled">Whether nothing has come of any rendition for so long that the encoder must be away.</param>
internal readonly record struct ProducerState(bool IsEnded, bool IsStalled);

/// <summary>Judges requests for media playlists (draft-pantos-hls-rfc8216bis, 6.2.5.2).</summary>
internal static class Reload
{
    /// <summary>How long a request is held: "after blocking for more than three Target Durations" comes the 503 (6.2.5.2).</summary>
    public static TimeSpan LongestHold(LatencyProfile latency) => 3 * latency.TargetDuration;

    /// <summary>
    /// How many parts ahead may be asked for: three divided by the part target below a second, else three (6.2.5.2). Rounded up, so that the last part of the
    /// next segment, which players without low latency ask for, is within it.
    /// </summary>
    public static int AdvancePartLimit(TimeSpan partTarget) => partTarget < TimeSpan.FromSeconds(1) ? (int)Math.Ceiling(3 / partTarget.TotalSeconds) : 3;

    /// <summary>Decides what a request gets.</summary>
    /// <param name="request">The request.</param>
    /// <param name="edge">How far the rendition has got; <see langword="null"/> when it has no playlist.</param>
    /// <param name="latency">The session's latency profile.</param>
    /// <param name="producer">Whether more can come.</param>
    /// <param name="held">How long the request has waited.</param>
    public static ReloadVerdict Judge(ReloadRequest request, RenditionEdge? edge, LatencyProfile latency, ProducerState producer, TimeSpan held)
    {
        // Directives mean something only where EXT-X-SERVER-CONTROL offers them (6.2.5), and so not to a playlist that does not exist.
        // "A Server MUST ignore _HLS_msn and _HLS_part if the Playlist contains an EXT-X-ENDLIST tag" (6.2.5.2).
        if (!latency.OffersParts || edge is not { } at || producer.IsEnded)
        {
            return ReloadVerdict.Answer;
        }

        if (request.Segment is not { } segment)
        {
            // "If the Playlist URI contains an _HLS_part directive but no _HLS_msn directive, the Server MUST return Bad Request" (6.2.5.2).
            return request.Part is null ? ReloadVerdict.Answer : ReloadVerdict.Refuse;
        }

        // "If the _HLS_msn is greater than the Media Sequence Number of the last Media Segment in the current Playlist plus two, … the server SHOULD
        // immediately return Bad Request" (6.2.5.2).
        if (segment > at.LastSegment + 2)
        {
            return ReloadVerdict.Refuse;
        }

        // "The Server MUST deliver the entire Playlist, even if the requested Media Segment is not the last one in the Playlist" (6.2.5.2).
        if (segment < at.LastSegment)
        {
            return ReloadVerdict.Answer;
        }

        if (request.Part is not { } part)
        {
            return segment == at.LastSegment ? ReloadVerdict.AnswerAsked : Later(latency, producer, held);
        }

        // A part number "greater than that of the final Partial Segment of the Parent Segment" means part 0 of the next segment (6.2.5.2). Which is the final
        // one is only known of whole segments.
        if (segment == at.LastSegment && part >= at.LastParts)
        {
            (segment, part) = (segment + 1, 0);
        }

        // The parts that segment LastSegment + 1 has are there; of LastSegment + 2 none can be.
        var missing = segment == at.LastSegment ? 0 : part + 1 - (segment == at.LastSegment + 1 ? at.OpenParts : 0);
        return missing <= 0 ? ReloadVerdict.AnswerAsked
            // "… or if the _HLS_part exceeds the last Partial Segment in the current Playlist by the Advance Part Limit" (6.2.5.2).
            : missing > AdvancePartLimit(latency.PartTarget) ? ReloadVerdict.Refuse
            : Later(latency, producer, held);
    }

    /// <summary>
    /// What was asked for may come, or may not. "A Server that cannot provide the requested Playlist after blocking for more than three Target Durations SHOULD
    /// return Service Unavailable" (6.2.5.2); when the encoder is away that is known sooner. Never the old playlist: players take that for a broken server.
    /// </summary>
    private static ReloadVerdict Later(LatencyProfile latency, ProducerState producer, TimeSpan held) =>
        producer.IsStalled || held >= LongestHold(latency) ? ReloadVerdict.GiveUp : ReloadVerdict.Wait;
}
