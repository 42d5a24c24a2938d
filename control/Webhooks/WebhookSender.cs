using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.Outbound;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Webhooks;

/// <summary>Result of a webhook request.</summary>
/// <param name="Status">HTTP status; <see langword="null"/> without a response.</param>
/// <param name="Error">Human-readable error; <see langword="null"/> when delivered.</param>
/// <param name="Excerpt">Beginning of the response; may be empty.</param>
/// <param name="Seconds">Duration of the request.</param>
/// <param name="RetryAfter">Delay requested by the receiver.</param>
internal sealed record WebhookSendResult(int? Status, string? Error, string Excerpt, double Seconds, TimeSpan? RetryAfter)
{
    /// <summary>Indicates whether the event was delivered.</summary>
    public bool IsDelivered => Error is null;

    /// <summary>Indicates whether the receiver answered 410 Gone.</summary>
    public bool IsGone => Status == 410;
}

/// <summary>
/// Sends webhook requests: one signed <c>POST</c> (Standard Webhooks 1.0) within <see cref="Timeout"/>, to targets that
/// <see cref="OutboundConnector"/> permits. Redirects are not followed.
/// </summary>
internal sealed class WebhookSender(OutboundConnector connector, IOptions<ControlOptions> options,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time) : IDisposable
{
    /// <summary>Timeout of one request, including the whole response.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <summary>Number of response bytes that are read.</summary>
    public const int MaxExcerpt = 1000;

    private static readonly Counter<long> Requests = Telemetry.Meter.CreateCounter<long>(
        "broadcast_webhook_deliveries_total", description: "Webhook requests, by result.");

    private readonly Lazy<CallbackHttpTransport> _transport = new(() => new(Timeout, options.Value.MaxConcurrentWebhooks, time, connector));

    /// <summary>Sends an event. Throws only when canceled.</summary>
    /// <param name="target">Target of the request.</param>
    /// <param name="id">Id of the event, equal at each attempt.</param>
    /// <param name="body">Body, equal at each attempt.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public async Task<WebhookSendResult> SendAsync(WebhookTarget target, string id, string body, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var bytes = Encoding.UTF8.GetBytes(body);
        var response = await _transport.Value.SendAsync(() => CreateRequest(target, id, bytes), _ => true, MaxExcerpt, cancellationToken,
            truncate: true);
        var seconds = Math.Round(time.GetElapsedTime(started).TotalSeconds, 3);
        var (label, error) = Evaluate(response);
        Requests.Add(1, new KeyValuePair<string, object?>("result", label));
        return new(response.Error is null ? response.Status : null, error, ExcerptOf(response.Body.Span), seconds, response.RetryAfter);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_transport.IsValueCreated)
        {
            _transport.Value.Dispose();
        }
    }

    private static (string Word, string? Error) Evaluate(CallbackHttpResponse response) => (response.Error, response.Status) switch
    {
        ("timeout", _) => ("timeout", $"No complete response within {Timeout.TotalSeconds:0} s."),
        ("target_denied", _) => ("target_denied", Truncate(response.Detail)),
        (not null, _) => ("unreachable", Truncate($"Unreachable: {response.Detail}")),
        (null, >= 200 and < 300) => ("delivered", null),
        (null, 410) => ("gone", "The receiver answered 410 Gone."),
        (null, >= 300 and < 400) => ("redirect", $"The receiver answered {response.Status}; redirects are not followed."),
        _ => ("status", $"The receiver answered {response.Status}."),
    };

    private static string Truncate(string? text) => Clean(text is { Length: > 500 } ? text[..500] : text ?? "");

    private static string ExcerptOf(ReadOnlySpan<byte> body) => Clean(Encoding.UTF8.GetString(body));

    // Responses, and errors that quote them, are shown to users and stored in the database, which accepts no NUL.
    private static string Clean(string text) => new([.. text.Where(c => !char.IsControl(c) || c is '\n' or '\t')]);

    private HttpRequestMessage CreateRequest(WebhookTarget target, string id, byte[] body)
    {
        var at = time.GetUtcNow();
        var request = new HttpRequestMessage(HttpMethod.Post, target.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Broadcast", null));
        request.Headers.Add(WebhookSignature.IdHeader, id);
        request.Headers.Add(WebhookSignature.TimestampHeader, at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(WebhookSignature.SignatureHeader, WebhookSecret.Sign(target, id, at, body));
        return request;
    }
}
