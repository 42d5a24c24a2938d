using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using Broadcast.Media;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>
/// Sends requests to the webhook. Whatever it does costs no more than <see cref="AuthorizationOptions.Timeout"/>, <see cref="MaxAnswer"/> bytes and
/// <see cref="AuthorizationOptions.MaxConcurrent"/> connections; it is not followed anywhere, and its certificate is verified.
/// </summary>
internal sealed class WebhookClient(IOptions<AuthorizationOptions> options, TimeProvider time, ILogger<WebhookClient> logger) : IDisposable
{
    /// <summary>Longest answer read, in bytes.</summary>
    public const int MaxAnswer = 64 * 1024;

    private static readonly Counter<long> Requests = Telemetry.Meter.CreateCounter<long>(
        "broadcast_webhook_requests_total", description: "Requests to the webhook that authorizes publishers, by event and answer.");

    private static readonly Histogram<double> Durations = Telemetry.Meter.CreateHistogram<double>(
        "broadcast_webhook_seconds", unit: "s", description: "How long requests to the webhook took, waiting for their turn included.");

    private readonly AuthorizationOptions _options = options.Value;
    private readonly byte[]? _key = WebhookSignature.KeyOf(options.Value.Secret);
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

    /// <summary>Asks for leave, or tells an end, and reads the answer. Never throws but when cancelled.</summary>
    public async Task<WebhookAnswer> SendAsync(string url, WebhookEvent e, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        using var limit = new CancellationTokenSource(_options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var answer = await AnswerAsync(url, e, either.Token, cancellationToken);
        var word = answer switch
        {
            WebhookAnswer.Allowed => "allowed",
            WebhookAnswer.Denied => "denied",
            WebhookAnswer.Fault fault => fault.Why,
            _ => "",
        };
        Durations.Record(time.GetElapsedTime(began).TotalSeconds);
        Requests.Add(1, new("event", e.End is null ? "publish" : "publish_done"), new KeyValuePair<string, object?>("answer", word));
        if (answer is WebhookAnswer.Fault)
        {
            ControlLog.WebhookFault(logger, e.End is null ? "asked for leave to publish" : "told of an end", word);
        }

        return answer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _turns.Dispose();
    }

    private async Task<WebhookAnswer> AnswerAsync(string url, WebhookEvent e, CancellationToken either, CancellationToken cancellationToken)
    {
        try
        {
            await _turns.WaitAsync(either);
            try
            {
                return await ExchangeAsync(url, e, either);
            }
            finally
            {
                _turns.Release();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new WebhookAnswer.Fault("timeout");
        }
        catch (Exception x) when (x is HttpRequestException or IOException)
        {
            return new WebhookAnswer.Fault(either.IsCancellationRequested ? "timeout" : "unreachable");
        }
    }

    private async Task<WebhookAnswer> ExchangeAsync(string url, WebhookEvent e, CancellationToken cancellationToken)
    {
        using var request = Request(url, e);
        using var response = await _http.SendAsync(request, cancellationToken);
        var status = (int)response.StatusCode;
        var body = ReadOnlyMemory<byte>.Empty;
        if (WebhookAnswer.NeedsBody(_options.Form, status) && e.End is null)
        {
            if (await ReadAsync(response.Content, cancellationToken) is not { } read)
            {
                return new WebhookAnswer.Fault("too_large");
            }

            body = read;
        }

        var location = response.Headers.NonValidated.TryGetValues("Location", out var values) ? values.FirstOrDefault() : null;
        return e.End is null || status >= 300 ? WebhookAnswer.Read(_options.Form, status, location, body) : new WebhookAnswer.Allowed(null, Create: false);
    }

    private HttpRequestMessage Request(string url, WebhookEvent e)
    {
        var (type, body) = WebhookRequest.Of(_options.Form, e);
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Broadcast", null));
        if (_options.Form == AuthorizationOptions.BroadcastForm && _key is { } key)
        {
            var id = (e.End is null ? "pub_" : "end_") + e.Id.ToString("N");
            var at = time.GetUtcNow();
            request.Headers.Add(WebhookSignature.IdHeader, id);
            request.Headers.Add(WebhookSignature.TimestampHeader, at.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture));
            request.Headers.Add(WebhookSignature.SignatureHeader, WebhookSignature.Of(key, id, at, body));
        }

        return request;
    }

    /// <returns>The whole body, or <see langword="null"/> when it is too long.</returns>
    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > MaxAnswer)
        {
            return null;
        }

        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        using var buffer = new MemoryStream();
        var chunk = new byte[4096];
        while (await stream.ReadAsync(chunk, cancellationToken) is var read and > 0)
        {
            if (buffer.Length + read > MaxAnswer)
            {
                return null;
            }

            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }
}
