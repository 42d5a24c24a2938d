using System.Net;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>What came back from a webhook.</summary>
/// <param name="Fault">Why there is no answer: <c>timeout</c>, <c>unreachable</c>, <c>too_large</c>; <see langword="null"/> when there is one.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Location">The header of that name; <see langword="null"/> without one.</param>
/// <param name="Body">The whole body, or its beginning where that is enough; empty when it was not read.</param>
internal readonly record struct WebhookResponse(string? Fault, int Status, string? Location, ReadOnlyMemory<byte> Body)
{
    /// <summary>Why it is so, where more is known than the word.</summary>
    public string? Detail { get; init; }

    /// <summary>How long the other side asks not to be asked again (<c>Retry-After</c> in seconds); <see langword="null"/> when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>
/// Connections to webhooks. Whatever they do costs no more than a given time, an answer of a given length and a given number of connections; they are not followed anywhere, and their certificates
/// are verified. Each user has connections of its own: a flood of viewers must not keep publishers waiting.
/// </summary>
/// <param name="timeout">Longest that one request may take, waiting for its turn and the whole answer included.</param>
/// <param name="maxConcurrent">Requests under way at a time.</param>
/// <param name="time">The clock.</param>
/// <param name="connector">Who decides where it may connect to; <see langword="null"/> for addresses that the operator's own configuration names, which may be anywhere.</param>
internal sealed class WebhookTransport(TimeSpan timeout, int maxConcurrent, TimeProvider time, OutboundConnector? connector = null) : IDisposable
{
    private readonly SemaphoreSlim _turns = new(maxConcurrent, maxConcurrent);
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectCallback = connector is null ? null : connector.ConnectAsync,
        ConnectTimeout = timeout,
        MaxConnectionsPerServer = maxConcurrent,
        MaxResponseDrainSize = 16 * 1024,
        MaxResponseHeadersLength = 16,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        UseCookies = false,
        UseProxy = false,
    });

    /// <summary>Connections to the webhooks of the configuration.</summary>
    public WebhookTransport(IOptions<AuthorizationOptions> options, TimeProvider time)
        : this(options.Value.Timeout, options.Value.MaxConcurrent, time)
    {
    }

    /// <summary>
    /// Sends a request and reads the answer. A connection that was kept may be closed by the other side in the very moment in which it is used again: a request whose answer never began is
    /// sent once more, with the same id, so that a receiver that had it already can tell.
    /// </summary>
    /// <param name="request">Makes the request; called for each try.</param>
    /// <param name="readsBody">Whether the body of an answer with this status matters.</param>
    /// <param name="maxBody">Longest body taken, in bytes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="beginningIsEnough">Whether of a longer body its beginning is taken; otherwise it is no answer.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled; a timeout is an answer.</exception>
    public async Task<WebhookResponse> SendAsync(Func<HttpRequestMessage> request, Func<int, bool> readsBody, int maxBody, CancellationToken cancellationToken, bool beginningIsEnough = false)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _turns.WaitAsync(either.Token);
            try
            {
                try
                {
                    return await ExchangeAsync(request, readsBody, maxBody, beginningIsEnough, either.Token);
                }
                catch (HttpRequestException e) when (e is { StatusCode: null, HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.Unknown, InnerException: IOException })
                {
                    return await ExchangeAsync(request, readsBody, maxBody, beginningIsEnough, either.Token);
                }
            }
            finally
            {
                _turns.Release();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new("timeout", 0, null, default);
        }
        catch (HttpRequestException e) when (e.InnerException is OutboundRefusedException refused)
        {
            return new("refused", 0, null, default) { Detail = refused.Message };
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new(either.IsCancellationRequested ? "timeout" : "unreachable", 0, null, default) { Detail = (e.InnerException ?? e).Message };
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _turns.Dispose();
    }

    private async Task<WebhookResponse> ExchangeAsync(Func<HttpRequestMessage> make, Func<int, bool> readsBody, int maxBody, bool beginningIsEnough, CancellationToken cancellationToken)
    {
        using var request = make();
        using var response = await _http.SendAsync(request, cancellationToken);
        var status = (int)response.StatusCode;
        var location = response.Headers.NonValidated.TryGetValues("Location", out var values) ? values.FirstOrDefault() : null;
        var later = response.Headers.RetryAfter?.Delta;
        if (!readsBody(status))
        {
            return new(null, status, location, default) { RetryAfter = later };
        }

        return await ReadAsync(response.Content, maxBody, beginningIsEnough, cancellationToken) is { } body
            ? new(null, status, location, body) { RetryAfter = later } : new("too_large", status, location, default);
    }

    /// <returns>The whole body, or <see langword="null"/> when it is too long and its beginning is not enough.</returns>
    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpContent content, int most, bool beginningIsEnough, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > most && !beginningIsEnough)
        {
            return null;
        }

        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        using var buffer = new MemoryStream();
        var chunk = new byte[4096];
        while (await stream.ReadAsync(chunk, cancellationToken) is var read and > 0)
        {
            if (buffer.Length + read > most)
            {
                if (!beginningIsEnough)
                {
                    return null;
                }

                buffer.Write(chunk, 0, most - (int)buffer.Length);
                break;
            }

            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }
}
