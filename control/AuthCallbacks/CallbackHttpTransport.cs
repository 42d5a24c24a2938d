using System.Net;
using Broadcast.Media.Outbound;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.AuthCallbacks;

/// <summary>Result of an HTTP request to a webhook or auth callback.</summary>
/// <param name="Error">Reason for a missing response: <c>timeout</c>, <c>unreachable</c>, <c>refused</c> or <c>too_large</c>;
/// <see langword="null"/> with a response.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Location"><c>Location</c> header; <see langword="null"/> without one.</param>
/// <param name="Body">Whole body, or its beginning if that suffices; empty when not read.</param>
internal readonly record struct CallbackHttpResponse(string? Error, int Status, string? Location, ReadOnlyMemory<byte> Body)
{
    /// <summary>Details of the fault, if known.</summary>
    public string? Detail { get; init; }

    /// <summary>Delay requested by the receiver (<c>Retry-After</c> in seconds); <see langword="null"/> when absent.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>
/// HTTP connections to webhooks and auth callbacks, with limits on time, response size and concurrency. Redirects are not followed, and
/// certificates are verified. Each user of this class has its own connections, so that many viewer requests do not delay publishers.
/// </summary>
/// <param name="timeout">Timeout of one request, including its wait for a free slot and the whole response.</param>
/// <param name="maxConcurrent">Maximum number of concurrent requests.</param>
/// <param name="time">Clock.</param>
/// <param name="connector">Connector that restricts targets; <see langword="null"/> for URLs from the operator's configuration, which are
/// unrestricted.</param>
internal sealed class CallbackHttpTransport(TimeSpan timeout, int maxConcurrent, TimeProvider time, OutboundConnector? connector = null)
    : IDisposable
{
    private readonly SemaphoreSlim _slots = new(maxConcurrent, maxConcurrent);
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

    /// <summary>Creates connections to the configured auth callbacks.</summary>
    public CallbackHttpTransport(IOptions<AuthorizationOptions> options, TimeProvider time)
        : this(options.Value.Timeout, options.Value.MaxConcurrent, time)
    {
    }

    /// <summary>
    /// Sends a request and reads the response. The receiver can close a pooled connection at the moment of its reuse. A request whose
    /// response never began is therefore sent once more with the same id, so that the receiver can detect a duplicate.
    /// </summary>
    /// <param name="request">Creates the request; called for each attempt.</param>
    /// <param name="readsBody">Whether the body of a response with this status is read.</param>
    /// <param name="maxBody">Maximum body, in bytes.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <param name="truncate">Whether a longer body is truncated; otherwise it is an error.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled; a timeout is a result.</exception>
    public async Task<CallbackHttpResponse> SendAsync(Func<HttpRequestMessage> request, Func<int, bool> readsBody, int maxBody,
        CancellationToken cancellationToken, bool truncate = false)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _slots.WaitAsync(linked.Token);
            try
            {
                try
                {
                    return await ExchangeAsync(request, readsBody, maxBody, truncate, linked.Token);
                }
                catch (HttpRequestException e) when (e is { StatusCode: null,
                    HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.Unknown, InnerException: IOException })
                {
                    return await ExchangeAsync(request, readsBody, maxBody, truncate, linked.Token);
                }
            }
            finally
            {
                _slots.Release();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new("timeout", 0, null, default);
        }
        catch (HttpRequestException e) when (e.InnerException is OutboundDeniedException denied)
        {
            return new("target_denied", 0, null, default) { Detail = denied.Message };
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new(linked.IsCancellationRequested ? "timeout" : "unreachable", 0, null,
                default) { Detail = (e.InnerException ?? e).Message };
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _slots.Dispose();
    }

    private async Task<CallbackHttpResponse> ExchangeAsync(Func<HttpRequestMessage> createRequest, Func<int, bool> readsBody, int maxBody,
        bool truncate, CancellationToken cancellationToken)
    {
        using var request = createRequest();
        using var response = await _http.SendAsync(request, cancellationToken);
        var status = (int)response.StatusCode;
        var location = response.Headers.NonValidated.TryGetValues("Location", out var values) ? values.FirstOrDefault() : null;
        var retryAfter = response.Headers.RetryAfter?.Delta;
        if (!readsBody(status))
        {
            return new(null, status, location, default) { RetryAfter = retryAfter };
        }

        return await ReadAsync(response.Content, maxBody, truncate, cancellationToken) is { } body
            ? new(null, status, location, body) { RetryAfter = retryAfter } : new("too_large", status, location, default);
    }

    /// <returns>The body, or <see langword="null"/> when it is too long and must not be truncated.</returns>
    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpContent content, int maxBytes, bool truncate,
        CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > maxBytes && !truncate)
        {
            return null;
        }

        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        using var buffer = new MemoryStream();
        var chunk = new byte[4096];
        while ((buffer.Length < maxBytes || !truncate) && await stream.ReadAsync(chunk, cancellationToken) is var read and > 0)
        {
            if (buffer.Length + read > maxBytes && !truncate)
            {
                return null;
            }

            buffer.Write(chunk, 0, Math.Min(read, maxBytes - (int)buffer.Length));
        }

        return buffer.ToArray();
    }
}
