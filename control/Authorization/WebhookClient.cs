using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using Broadcast.Media;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>Sends requests about publishers to the webhook, with the limits of <see cref="WebhookTransport"/> and <see cref="MaxAnswer"/> bytes of answer.</summary>
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
    private readonly WebhookTransport _transport = new(options, time);

    /// <summary>Asks for leave, or tells an end, and reads the answer. Never throws but when cancelled.</summary>
    public async Task<WebhookAnswer> SendAsync(string url, WebhookEvent e, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var answer = await AnswerAsync(url, e, cancellationToken);
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
    public void Dispose() => _transport.Dispose();

    private async Task<WebhookAnswer> AnswerAsync(string url, WebhookEvent e, CancellationToken cancellationToken)
    {
        var response = await _transport.SendAsync(() => Request(url, e), status => WebhookAnswer.NeedsBody(_options.Form, status) && e.End is null, MaxAnswer, cancellationToken);
        return response.Fault is { } fault ? new WebhookAnswer.Fault(fault)
            : e.End is null || response.Status >= 300 ? WebhookAnswer.Read(_options.Form, response.Status, response.Location, response.Body)
            : new WebhookAnswer.Allowed(null, Create: false);
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
}
