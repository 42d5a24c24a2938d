using Broadcast.Media;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Hls;

namespace Broadcast.Origin.BucketLists;

/// <summary>
/// Draws the lists of a session for a bucket, with what draws them for viewers who ask the origin. They lie under the names of their addresses there, beside the media, so that the same relative addresses hold. What
/// takes a server that answers is not said: parts, held requests, delta updates, patches, our clock.
/// </summary>
internal static class BucketDrawing
{
    /// <summary>The <c>Date</c> of the answer to a HEAD request (ISO/IEC 23009-1, 5.8.5.7): a bucket's own clock.</summary>
    public const string HeadClock = "urn:mpeg:dash:utc:http-head:2014";

    /// <summary>The time, in the MPD itself, when it was written.</summary>
    public const string WrittenClock = "urn:mpeg:dash:utc:direct:2014";

    /// <summary>
    /// Target durations that players of the MPD are behind live: one more than they are where they ask the origin. They count from the clock, and a segment is listed later here by its way to the bucket and what a CDN keeps the
    /// MPD. Players of HLS count from the end of the list.
    /// </summary>
    private const int DashDelay = 4;

    /// <summary>The session as the bucket has it: without parts, the past and what is kept for replay, so that its lists are short however long it lasts.</summary>
    public static BroadcastSession Listed(BroadcastSession session) => session with
    {
        Latency = session.Latency.OffersParts ? session.Latency with { Name = LatencyProfile.Standard.Name } : session.Latency,
        Rewind = Rewind.Off,
        IsRecorded = false,
    };

    /// <summary>All lists, none while the session cannot be played.</summary>
    /// <param name="session">The session as it is listed.</param>
    /// <param name="withChannel">Whether the channel's addresses are this session's.</param>
    /// <param name="now">The time.</param>
    public static IReadOnlyList<BucketList> Draw(LiveSession session, bool withChannel, DateTimeOffset now)
    {
        if (!session.IsPlayable)
        {
            return [];
        }

        var (channel, id) = (session.Channel, session.Id);
        var lists = session.Read((timeline, records) =>
        {
            var drawn = new List<BucketList>();
            foreach (var rendition in timeline.Renditions)
            {
                if (Playlists.Media(timeline, rendition, records) is { } playlist)
                {
                    drawn.Add(new BucketList(BucketList.PlaylistOf(channel, id, rendition.Name), (playlist with { HoldBack = null }).ToDocument(), IsIndex: false));
                }
            }

            if (withChannel)
            {
                drawn.Add(new BucketList(ChannelLists.IndexOf(channel), (Playlists.Multivariant(timeline, records) with { Keys = [], Images = null }).ToDocument(), IsIndex: true));
            }

            return drawn;
        });
        if (session.PlainMpd() is not { } plain)
        {
            return lists;
        }

        var mpd = Adapt(plain, session.Latency, now);
        lists.Add(new BucketList(BucketList.MpdOf(channel, id), mpd.ToDocument(), IsIndex: false));
        if (withChannel)
        {
            // Without a Location, so that all addresses can be relative: whoever copies the bucket elsewhere need not know.
            lists.Add(new BucketList(ChannelLists.MpdOf(channel), (mpd with { BaseUrl = $"{id}/" }).ToDocument(), IsIndex: true));
        }

        return lists;
    }

    private static Mpd Adapt(Mpd mpd, LatencyProfile latency, DateTimeOffset now) => mpd with
    {
        SuggestedPresentationDelay = DashDelay * latency.TargetDuration,
        Service = new ServiceDescription(DashDelay * latency.TargetDuration, (DashDelay - 1) * latency.TargetDuration, latency.Window / 2),
        Clocks = mpd.IsStatic ? [] : [(HeadClock, "manifest.mpd"), (WrittenClock, MpdText.Instant(now))],
    };
}
