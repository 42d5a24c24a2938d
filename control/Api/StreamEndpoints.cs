using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/stream</c> and <c>/api/v1/channels/{name}/stream</c>: what happens, as it happens, as server-sent events.</summary>
internal static class StreamEndpoints
{
    private const string MediaType = "text/event-stream";

    // Who takes nothing for so long is gone.
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(30);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/stream", (HttpContext http, EventStream stream, EventStreamLog log, Tokens tokens, UserSessions sessions, IHostApplicationLifetime lifetime, IOptions<ControlOptions> options, TimeProvider time) =>
                RunAsync(null, http, stream, log, tokens, sessions, lifetime, options.Value, time))
            .Asks(TokenRole.Viewer).Produces<string>(200, MediaType)
            .Describe("listen", "What happens on all channels, as server-sent events: how things stand, then what changes. 'Last-Event-ID' reads on from there.", 0, 429);

        api.MapGet("/channels/{name}/stream", async (
                string name, HttpContext http, Database database, EventStream stream, EventStreamLog log, Tokens tokens, UserSessions sessions, IHostApplicationLifetime lifetime,
                IOptions<ControlOptions> options, TimeProvider time) =>
            {
                return await RunAsync(await IdAsync(database, name, http.RequestAborted), http, stream, log, tokens, sessions, lifetime, options.Value, time);
            })
            .Asks(TokenRole.Viewer).Produces<string>(200, MediaType)
            .Describe("listenToChannel", "What happens on one channel, as server-sent events: how things stand, then what changes. 'Last-Event-ID' reads on from there.", 0, 404, 429);
    }

    // The channel and not its name, which may be another one's after it.
    private static async Task<long> IdAsync(Database database, string name, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await StreamKeys.ChannelIdAsync(connection, name, cancellationToken);
    }

    private static async Task<IResult> RunAsync(
        long? channel, HttpContext http, EventStream stream, EventStreamLog log, Tokens tokens, UserSessions sessions, IHostApplicationLifetime lifetime, ControlOptions options, TimeProvider time)
    {
        var client = await stream.AttachAsync($"{AuditLog.Name(Gate.Holder(http).Kind)}/{Gate.Holder(http).Id}", http.RequestAborted);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            http.Response.ContentType = MediaType;
            http.Response.Headers["X-Accel-Buffering"] = "no";   // nginx would hold it back
            var reply = new EventStreamReply(
                client, Gate.Holder(http), channel, log,
                cancellationToken => Gate.FindAsync(http, tokens, sessions, isUse: false, cancellationToken),
                (text, cancellationToken) => SendAsync(http, text, time, cancellationToken),
                options.StreamHeartbeat, time);
            await reply.RunAsync(http.Request.Headers["Last-Event-ID"].ToString(), ending.Token);
        }
        catch (OperationCanceledException)
        {
            if (!ending.IsCancellationRequested)
            {
                http.Abort();   // it took nothing for too long
            }
        }
        catch (Exception e) when (e is IOException || (http.Response.HasStarted && Database.IsAway(e)))
        {
            // It is gone; or it comes again, and reads on when the database is back. (A browser's EventSource gives up when it is answered 503 meanwhile: docs/stream.md.)
        }
        finally
        {
            stream.Detach(client);
        }

        return TypedResults.Empty;
    }

    private static async Task SendAsync(HttpContext http, string text, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(SendLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        await http.Response.WriteAsync(text, either.Token);
        await http.Response.Body.FlushAsync(either.Token);
    }
}
