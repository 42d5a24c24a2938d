using System.Net;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>What came back from a webhook.</summary>
/// <param name="Fault">Why there is no answer: <c>timeout</c>, <c>unreachable</c>, <c>too_large</c>; <see langword="null"/> when there is one.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Location">The header of that name; <see langword="null"/> without one.</param>
/// <param name="Body">The whole body; empty when it was not read.</param>
internal readonly record struct WebhookResponse(string? Fault, int Status, string? Location, ReadOnlyMemory<byte> Body);

/// <summary>
/// Connections to a webhook. Whatever it does costs no more than <see cref="AuthorizationOptions.Timeout"/>, an answer of a given length and <see cref="AuthorizationOptions.MaxConcurrent"/>
/// connections; it is not followed anywhere, and its certificate is verified. Each user has connections of its own: a flood of viewers must not keep publishers waiting.
/// </summary>
internal sealed class WebhookTransport(IOptions<AuthorizationOptions> options, TimeProvider time) : IDisposable
{
    private readonly TimeSpan _timeout = options.Value.Timeout;
    private readonly SemaphoreSlim _turns = new(options.Value.MaxConcurrent, options.Value.MaxConcurrent);
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = options.Value.Timeout,
        MaxConnectionsPerServer = options.Value.MaxConcurrent,
        MaxResponseDrainSize = 16 * 1024,
        MaxResponseHeadersLength = 16,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        UseCookies = false,
        UseProxy = false,
    });

    /// <summary>
    /// Sends a request and reads the answer. A connection that was kept may be closed by the other side in the very moment in which it is used again: a request whose answer never began is
    /// sent once more, with the same id, so that a receiver that had it already can tell.
    /// </summary>
    /// <param name="request">Makes the request; called for each try.</param>
    /// <param name="readsBody">Whether the body of an answer with this status matters.</param>
    /// <param name="maxBody">Longest body taken, in bytes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled; a timeout is an answer.</exception>
    public async Task<WebhookResponse> SendAsync(Func<HttpRequestMessage> request, Func<int, bool> readsBody, int maxBody, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _turns.WaitAsync(either.Token);
            try
            {
                try
                {
                    return await ExchangeAsync(request, readsBody, maxBody, either.Token);
                }
                catch (HttpRequestException e) when (e is { StatusCode: null, HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.Unknown, InnerException: IOException })
                {
                    return await ExchangeAsync(request, readsBody, maxBody, either.Token);
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
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new(either.IsCancellationRequested ? "timeout" : "unreachable", 0, null, default);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _turns.Dispose();
    }

    private async Task<WebhookResponse> ExchangeAsync(Func<HttpRequestMessage> make, Func<int, bool> readsBody, int maxBody, CancellationToken cancellationToken)
    {
        using var request = make();
        using var response = await _http.SendAsync(request, cancellationToken);
        var status = (int)response.StatusCode;
        var location = response.Headers.NonValidated.TryGetValues("Location", out var values) ? values.FirstOrDefault() : null;
        if (!readsBody(status))
        {
            return new(null, status, location, default);
        }

        return await ReadAsync(response.Content, maxBody, cancellationToken) is { } body ? new(null, status, location, body) : new("too_large", status, location, default);
    }

    /// <returns>The whole body, or <see langword="null"/> when it is too long.</returns>
    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpContent content, int most, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > most)
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
                return null;
            }

            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }
}
