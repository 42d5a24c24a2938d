using Broadcast.Control.Identity;
using Broadcast.Control.ServerSentEvents;
using Broadcast.Database;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/stream</c> and <c>/api/v1/channels/{name}/stream</c>: server-sent events.</summary>
internal static class StreamEndpoints
{
    private const string MediaType = "text/event-stream";

    // A client that accepts no data for this long is disconnected.
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(30);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/stream", (HttpContext http, EventStream stream, EventStreamLog log, CurrentStateCache states, TokenRepository tokens,
            UserSessions sessions, IHostApplicationLifetime lifetime, IOptions<ControlOptions> options,
                [FromKeyedServices(CalendarClock.Key)] TimeProvider time) =>
                RunAsync(null, http, stream, log, states, tokens, sessions, lifetime, options.Value, time))
            .RequireRole(TokenRole.Viewer).WithMetadata(new LongRequest()).Produces<string>(200, MediaType)
            .Describe("listen",
                "Stream the state of all channels and its changes as server-sent events. 'Last-Event-ID' resumes after that event.", 0,
                429);

        api.MapGet("/channels/{name}/stream", async (
                string name, HttpContext http, ServerDatabase database, EventStream stream, EventStreamLog log, CurrentStateCache states,
                TokenRepository tokens, UserSessions sessions, IHostApplicationLifetime lifetime,
                IOptions<ControlOptions> options,
                [FromKeyedServices(CalendarClock.Key)] TimeProvider time) =>
            {
                return await RunAsync(await IdAsync(database, name, http.RequestAborted), http, stream, log, states, tokens, sessions,
                    lifetime, options.Value, time);
            })
            .RequireRole(TokenRole.Viewer).WithMetadata(new LongRequest()).Produces<string>(200, MediaType)
            .Describe("listenToChannel",
                "Stream the state of one channel and its changes as server-sent events. 'Last-Event-ID' resumes after that event.",
                0, 404, 429);
    }

    // The stream follows the channel's id, because another channel can reuse its name.
    private static async Task<long> IdAsync(ServerDatabase database, string name, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await StreamKeys.ChannelIdAsync(connection, name, cancellationToken);
    }

    private static async Task<IResult> RunAsync(
        long? channel, HttpContext http, EventStream stream, EventStreamLog log, CurrentStateCache states, TokenRepository tokens,
        UserSessions sessions, IHostApplicationLifetime lifetime, ControlOptions options, TimeProvider time)
    {
        var caller = ApiAuthorization.GetCaller(http);
        var client = await stream.AttachAsync($"{AuditLog.Name(caller.Kind)}/{caller.Id}", caller.Role == TokenRole.Admin,
            http.RequestAborted);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            http.Response.ContentType = MediaType;
            http.Response.Headers["X-Accel-Buffering"] = "no";   // stops nginx from buffering
            var reply = new EventStreamReply(
                client, caller, channel, log, states,
                cancellationToken => ApiAuthorization.AuthenticateAsync(http, tokens, sessions, countsAsUse: false, cancellationToken),
                (text, cancellationToken) => SendAsync(http, text, time, cancellationToken),
                options.EventStreamHeartbeat, time);
            await reply.RunAsync(http.Request.Headers["Last-Event-ID"].ToString(), stopping.Token);
        }
        catch (OperationCanceledException)
        {
            if (!stopping.IsCancellationRequested)
            {
                http.Abort();   // the send timeout expired
            }
        }
        catch (Exception e) when (e is IOException || (http.Response.HasStarted && ServerDatabase.IsUnavailable(e)))
        {
            // The client disconnected, or it reconnects and resumes when the database is back. (A browser's EventSource stops retrying
            // after a 503 response: docs/event-stream.md.)
        }
        finally
        {
            stream.Detach(client);
        }

        return TypedResults.Empty;
    }

    private static async Task SendAsync(HttpContext http, string text, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(SendTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        await http.Response.WriteAsync(text, linked.Token);
        await http.Response.Body.FlushAsync(linked.Token);
    }
}
