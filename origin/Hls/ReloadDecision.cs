using Broadcast.Media;

namespace Broadcast.Origin.Hls;

/// <summary>Decision about a media playlist request.</summary>
internal enum ReloadDecision
{
    /// <summary>200 with the current playlist and its ordinary cache lifetime.</summary>
    Respond,

    /// <summary>200 with the requested playlist. This URL will never return a newer one, so caches may store it longer.</summary>
    RespondRequested,

    /// <summary>Hold the request until the requested media exists.</summary>
    Hold,

    /// <summary>400: no player of these playlists sends such a request.</summary>
    Reject,

    /// <summary>503: the requested media is overdue.</summary>
    Unavailable,
}

/// <summary>State of the encoder, which decides whether more media can come.</summary>
/// <param name="IsEnded">Whether the session has ended.</param>
/// <param name="IsStalled">Whether no rendition has received media for so long that the encoder must be disconnected.</param>
internal readonly record struct ProducerState(bool IsEnded, bool IsStalled);

/// <summary>Evaluates media playlist requests (draft-pantos-hls-rfc8216bis, 6.2.5.2).</summary>
internal static class BlockingReload
{
    /// <summary>Maximum hold time: "after blocking for more than three Target Durations" the server returns 503 (6.2.5.2).</summary>
    public static TimeSpan MaxHoldTime(LatencyProfile latency) => 3 * latency.TargetDuration;

    /// <summary>
    /// Number of parts that a request may be ahead of the playlist: three divided by a part target below one second, otherwise three
    /// (6.2.5.2). Rounded up, so that it includes the last part of the next segment, which players without low latency request.
    /// </summary>
    public static int AdvancePartLimit(TimeSpan partTarget) =>
        partTarget < TimeSpan.FromSeconds(1) ? (int)Math.Ceiling(3 / partTarget.TotalSeconds) : 3;

    /// <summary>Evaluates a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="edge">The rendition's live edge; <see langword="null"/> when it has no playlist.</param>
    /// <param name="latency">The session's latency profile.</param>
    /// <param name="producer">The encoder's state.</param>
    /// <param name="held">Time that the request has been held.</param>
    public static ReloadDecision Evaluate(DeliveryDirectives request, RenditionEdge? edge, LatencyProfile latency, ProducerState producer,
        TimeSpan held)
    {
        // Directives apply only where EXT-X-SERVER-CONTROL offers them (6.2.5), and so not to a playlist that does not exist.
        // "A Server MUST ignore _HLS_msn and _HLS_part if the Playlist contains an EXT-X-ENDLIST tag" (6.2.5.2).
        if (!latency.OffersParts || edge is not { } at || producer.IsEnded)
        {
            return ReloadDecision.Respond;
        }

        if (request.Segment is not { } segment)
        {
            // "If the Playlist URI contains an _HLS_part directive but no _HLS_msn directive, the Server MUST return Bad Request"
            // (6.2.5.2).
            return request.Part is null ? ReloadDecision.Respond : ReloadDecision.Reject;
        }

        // "If the _HLS_msn is greater than the Media Sequence Number of the last Media Segment in the current Playlist plus two, … the
        // server SHOULD immediately return Bad Request" (6.2.5.2).
        if (segment > at.LastSegment + 2)
        {
            return ReloadDecision.Reject;
        }

        // "The Server MUST deliver the entire Playlist, even if the requested Media Segment is not the last one in the Playlist" (6.2.5.2).
        if (segment < at.LastSegment)
        {
            return ReloadDecision.Respond;
        }

        if (request.Part is not { } part)
        {
            return segment == at.LastSegment ? ReloadDecision.RespondRequested : Defer(latency, producer, held);
        }

        // A part number "greater than that of the final Partial Segment of the Parent Segment" means part 0 of the next segment (6.2.5.2).
        // The final part is only known for closed segments.
        if (segment == at.LastSegment && part >= at.LastParts)
        {
            (segment, part) = (segment + 1, 0);
        }

        // Segment LastSegment + 1 has OpenParts parts; LastSegment + 2 has none.
        var missing = segment == at.LastSegment ? 0 : part + 1 - (segment == at.LastSegment + 1 ? at.OpenParts : 0);
        return missing <= 0 ? ReloadDecision.RespondRequested
            // "… or if the _HLS_part exceeds the last Partial Segment in the current Playlist by the Advance Part Limit" (6.2.5.2).
            : missing > AdvancePartLimit(latency.PartTarget) ? ReloadDecision.Reject
            : Defer(latency, producer, held);
    }

    /// <summary>
    /// Decides about media that does not exist yet. "A Server that cannot provide the requested Playlist after blocking for more than three
    /// Target Durations SHOULD return Service Unavailable" (6.2.5.2); when the encoder is disconnected, the server returns that earlier.
    /// Never the old playlist, which players take for a broken server.
    /// </summary>
    private static ReloadDecision Defer(LatencyProfile latency, ProducerState producer, TimeSpan held) =>
        producer.IsStalled || held >= MaxHoldTime(latency) ? ReloadDecision.Unavailable : ReloadDecision.Hold;
}
