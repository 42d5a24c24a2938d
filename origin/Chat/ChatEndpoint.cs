using System.Globalization;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.OriginToChat;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Live;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace Broadcast.Origin.Chat;

/// <summary>
/// Handler of the messages of a session: the list of batches, which can be held until there is a new one, and the batches. All viewers get
/// the same responses, so edges combine their requests.
/// </summary>
internal sealed class ChatEndpoint(HeldRequests held, DocumentDelivery documents, TimeProvider time, IHostApplicationLifetime lifetime,
    IChat? chat = null)
{
    /// <summary>Query parameter of the list: the number of the last batch that the page has.</summary>
    public const string After = "after";

    /// <summary>Maximum time that a request is held, less than edges wait for a response (<c>infra/edge</c>).</summary>
    public static readonly TimeSpan MaxHoldTime = TimeSpan.FromSeconds(8);

    /// <summary>
    /// Cache lifetime of a batch. A message that is removed disappears from caches after this time. A page that joins late reads batches
    /// that others have read shortly before.
    /// </summary>
    public static readonly TimeSpan BatchMaxAge = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Maximum number of new batches in a list. A page that follows the chat needs one, and no further request for it; a page that was away
    /// reads the batches one by one, which caches have.
    /// </summary>
    public const int MaxIncluded = 3;

    /// <summary>Maximum size of these batches together in bytes. Larger ones are not included.</summary>
    public const int MaxIncludedBytes = 64 * 1024;

    private static readonly TimeSpan ListMaxAge = TimeSpan.FromSeconds(1);

    /// <summary>Responds to a request for the list or for a batch.</summary>
    public Task AnswerAsync(HttpContext context, LiveSession session, LivePath path) => path.Kind switch
    {
        LivePathKind.ChatList => AnswerListAsync(context, session),
        LivePathKind.ChatQuestions => AnswerQuestionsAsync(context, session),
        _ => AnswerBatchAsync(context, session, path.Number),
    };

    /// <summary>Renders a list.</summary>
    /// <param name="session">The session.</param>
    /// <param name="batches">Its batches.</param>
    /// <param name="included">The newest batches as JSON, in order.</param>
    internal static Document ListOf(SessionId session, ChatBatches batches, IReadOnlyList<ReadOnlyMemory<byte>>? included = null)
    {
        var json = new StringBuilder(string.Create(CultureInfo.InvariantCulture,
            $$"""{"session":"{{session.Value}}","first":{{batches.First}},"last":{{batches.Last}},"state":{{TextOf(batches.State)}}"""));
        if (included is { Count: > 0 })
        {
            json.Append(",\"batches\":[").AppendJoin(',', included.Select(TextOf)).Append(']');
        }

        return new(Encoding.UTF8.GetBytes(json.Append('}').ToString()), ContentTypes.Json);
    }

    private static string TextOf(ReadOnlyMemory<byte> json) => Encoding.UTF8.GetString(json.Span);

    private async Task AnswerListAsync(HttpContext context, LiveSession session)
    {
        var query = context.Request.Query[After];
        long? after = null;
        if (query.Count > 0)
        {
            if (query.Count > 1 || !long.TryParse(query.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                await Responses.WriteTextAsync(context, StatusCodes.Status400BadRequest, Responses.BriefCaching,
                    $"'{After}' must be the number of a batch.");
                return;
            }

            after = number;
        }

        if (await FindAsync(context, session) is not { } batches)
        {
            return;
        }

        if (after is { } known && known >= batches.Last)
        {
            if (known > batches.Last)
            {
                // Also after a database was restored from a backup: the page begins again.
                await documents.AnswerAsync(context, ListOf(session.Id, batches), ListMaxAge);
                return;
            }

            if (!await HoldAsync(context, session.Id, known))
            {
                return;
            }

            if (await FindAsync(context, session) is not { } newer)
            {
                return;
            }

            batches = newer;
        }

        var included = await IncludedAsync(context, session, batches, after);
        await documents.AnswerAsync(context, ListOf(session.Id, batches, included), ListMaxAge);
    }

    /// <summary>Reads the batches after the last one that a page has, if they are few.</summary>
    /// <returns><see langword="null"/> when the page has to request them.</returns>
    private async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>?> IncludedAsync(HttpContext context, LiveSession session,
        ChatBatches batches, long? after)
    {
        if (after is not { } known || batches.Last - known is < 1 or > MaxIncluded)
        {
            return null;
        }

        var (included, bytes) = (new List<ReadOnlyMemory<byte>>(), 0);
        try
        {
            for (var number = known + 1; number <= batches.Last; number++)
            {
                if (await chat!.ReadAsync(session.Channel, session.Id, number, context.RequestAborted) is not { } json
                    || (bytes += json.Length) > MaxIncludedBytes)
                {
                    return null;
                }

                included.Add(json);
            }

            return included;
        }
        catch (ChatUnavailableException)
        {
            // The list is known. The page requests the batches, and gets the error for those that are not in memory.
            return null;
        }
    }

    private async Task AnswerBatchAsync(HttpContext context, LiveSession session, long number)
    {
        try
        {
            var json = chat is null ? null : await chat.ReadAsync(session.Channel, session.Id, number, context.RequestAborted);
            await documents.AnswerAsync(context, json is { } bytes ? new(bytes.ToArray(), ContentTypes.Json) : null, BatchMaxAge);
        }
        catch (ChatUnavailableException)
        {
            Responses.TryAgain(context);
        }
    }

    /// <summary>
    /// Responds with the current questions. The number in the path changes with them, so caches need not be asked for news.
    /// </summary>
    private async Task AnswerQuestionsAsync(HttpContext context, LiveSession session)
    {
        try
        {
            var json = chat is null ? null : await chat.ReadQuestionsAsync(session.Channel, session.Id, context.RequestAborted);
            await documents.AnswerAsync(context, json is { } bytes ? new(bytes.ToArray(), ContentTypes.Json) : null, BatchMaxAge);
        }
        catch (ChatUnavailableException)
        {
            Responses.TryAgain(context);
        }
    }

    /// <summary>Finds the batches of a session; responds when there are none.</summary>
    private async ValueTask<ChatBatches?> FindAsync(HttpContext context, LiveSession session)
    {
        try
        {
            if (chat is not null && await chat.FindAsync(session.Channel, session.Id, context.RequestAborted) is { } batches)
            {
                return batches;
            }

            Responses.NotFound(context);
        }
        catch (ChatUnavailableException)
        {
            Responses.TryAgain(context);
        }

        return null;
    }

    /// <summary>Holds a request until there is a newer batch, or the time has passed; responds when too many are held.</summary>
    private async Task<bool> HoldAsync(HttpContext context, SessionId session, long after)
    {
        var client = ClientCount.ViewerOf(context);
        if (!held.TryEnter(client, out var reason))
        {
            // A client's own limit must not affect other clients through a cache.
            context.Response.Headers.RetryAfter = "1";
            Responses.Empty(context, StatusCodes.Status503ServiceUnavailable,
                reason == OverloadReason.Held ? Responses.BriefCaching : "no-store");
            return false;
        }

        try
        {
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
            await chat!.WhenAfter(session, after).WaitAsync(MaxHoldTime, time, ends.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return !context.RequestAborted.IsCancellationRequested;
        }
        finally
        {
            held.Exit(client);
        }
    }
}
