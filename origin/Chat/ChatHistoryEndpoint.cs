using System.Globalization;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.OriginToChat;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Live;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.Chat;

/// <summary>
/// Handler of the messages of a minute, for players that are not at the live edge and for recordings. Requests for the same minute share
/// one read, and the number of reads at a time is limited.
/// </summary>
internal sealed class ChatHistoryEndpoint(DocumentDelivery documents, TimeProvider time, IChatHistory? history = null)
{
    /// <summary>Maximum concurrent reads. One client has at most half.</summary>
    public const int MaxReads = 64;

    /// <summary>
    /// Cache lifetime. Together with <see cref="Lifetime"/> less than a minute: then a removed message has disappeared from all caches.
    /// </summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(30);

    /// <summary>Cache lifetime of the newest minutes, to which messages are added.</summary>
    public static readonly TimeSpan NewestMaxAge = TimeSpan.FromSeconds(10);

    /// <summary>Time for which a response is in memory.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private const long CacheBytes = 32 << 20;

    /// <summary>Size of a cache entry besides its text: key, links and objects.</summary>
    private const int Overhead = 512;

    /// <summary>Response when there is nothing.</summary>
    private static readonly Document None = new([], ContentTypes.Json);

    private readonly BuildSlots _slots = new(MaxReads);

    // Compressed forms, which are created later, take far less than half of a document.
    private readonly SingleFlightCache<Key, Document> _cache = new(CacheBytes, CacheBytes / 2,
        document => Overhead + (document.Plain.Length * 3L / 2), _ => Lifetime, time);

    /// <summary>Responds with the first and the last minute that have messages.</summary>
    public Task AnswerSpanAsync(HttpContext context, LiveSession session, ChatRange range) => history is null
        ? Responses.NotFoundAsync(context)
        : AnswerAsync(context, new(session.Id, range.Start, range.End, IsSpan: true), range.IsEnded ? MaxAge : NewestMaxAge,
            async abandoned => await history.FindAsync(session.Channel, session.Id, range.Start, range.End, abandoned) is { } found
                ? Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
                    $$"""{"first":{{ChatRange.MinuteOf(found.First)}},"last":{{ChatRange.MinuteOf(found.Last)}}}"""))
                : null);

    /// <summary>Responds with the messages of a minute. 404 outside of the range, and where there are no media yet.</summary>
    public Task AnswerMinuteAsync(HttpContext context, LiveSession session, ChatRange range, long minute)
    {
        if (history is null || !range.Contains(minute))
        {
            return Responses.NotFoundAsync(context);
        }

        var (from, to) = range.PartOf(minute);
        return AnswerAsync(context, new(session.Id, from, to, IsSpan: false), range.IsNewest(minute) ? NewestMaxAge : MaxAge,
            async abandoned => await history.ReadAsync(session.Channel, session.Id, from, to, abandoned));
    }

    private async Task AnswerAsync(HttpContext context, Key key, TimeSpan maxAge, Func<CancellationToken, Task<byte[]?>> read)
    {
        if (!_cache.TryGet(key, 0, _slots, 1, ClientCount.ViewerOf(context),
            async abandoned => await read(abandoned) is { } json ? new(json, ContentTypes.Json) : None, out var reading,
            context.RequestAborted))
        {
            Overload.Count(OverloadReason.Chat);
            Responses.TryAgain(context);
            return;
        }

        try
        {
            var document = await reading;
            await documents.AnswerAsync(context, document == None ? null : document, maxAge);
        }
        catch (ChatUnavailableException)
        {
            Responses.TryAgain(context);
        }
    }

    private readonly record struct Key(SessionId Session, DateTimeOffset From, DateTimeOffset? To, bool IsSpan);
}
