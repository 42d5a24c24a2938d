using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>What came of telling a webhook something.</summary>
/// <param name="Status">The HTTP status; <see langword="null"/> when there was no answer.</param>
/// <param name="Fault">Why it does not count as delivered, for people; <see langword="null"/> when it does.</param>
/// <param name="Excerpt">The beginning of the answer; may be empty.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="RetryAfter">How long the receiver asks to be left alone.</param>
internal sealed record HookOutcome(int? Status, string? Fault, string Excerpt, double Seconds, TimeSpan? RetryAfter)
{
    /// <summary>Whether it has arrived.</summary>
    public bool IsDelivered => Fault is null;

    /// <summary>Whether the receiver says that it is gone for good.</summary>
    public bool IsGone => Status == 410;
}

/// <summary>Tells webhooks: one signed <c>POST</c> (Standard Webhooks 1.0), within <see cref="Timeout"/>, to where <see cref="OutboundConnector"/> lets it; redirects are not followed.</summary>
internal sealed class HookSender(OutboundConnector connector, IOptions<ControlOptions> options, TimeProvider time) : IDisposable
{
    /// <summary>Longest that one request may take, the whole answer included.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <summary>What is read of an answer, in bytes.</summary>
    public const int MaxExcerpt = 1000;

    private static readonly Counter<long> Requests = Telemetry.Meter.CreateCounter<long>(
        "broadcast_webhook_deliveries_total", description: "Requests that told webhooks of something, by answer: delivered, status, redirect, gone, timeout, refused, unreachable.");

    private readonly Lazy<WebhookTransport> _transport = new(() => new(Timeout, options.Value.WebhooksAtOnce, time, connector));

    /// <summary>Sends. Never throws but when cancelled.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="id">The event's id, the same at each try.</param>
    /// <param name="body">The body, the same at each try.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<HookOutcome> SendAsync(HookTarget target, string id, string body, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var bytes = Encoding.UTF8.GetBytes(body);
        var response = await _transport.Value.SendAsync(() => Request(target, id, bytes), _ => true, MaxExcerpt, cancellationToken, beginningIsEnough: true);
        var seconds = Math.Round(time.GetElapsedTime(began).TotalSeconds, 3);
        var (word, fault) = Judge(response);
        Requests.Add(1, new KeyValuePair<string, object?>("answer", word));
        return new(response.Fault is null ? response.Status : null, fault, ExcerptOf(response.Body.Span), seconds, response.RetryAfter);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_transport.IsValueCreated)
        {
            _transport.Value.Dispose();
        }
    }

    private static (string Word, string? Fault) Judge(WebhookResponse response) => (response.Fault, response.Status) switch
    {
        ("timeout", _) => ("timeout", $"No whole answer within {Timeout.TotalSeconds:0} s."),
        ("refused", _) => ("refused", Short(response.Detail)),
        (not null, _) => ("unreachable", Short($"Not reached: {response.Detail}")),
        (null, >= 200 and < 300) => ("delivered", null),
        (null, 410) => ("gone", "Answered 410 Gone."),
        (null, >= 300 and < 400) => ("redirect", $"Answered {response.Status}: redirects are not followed."),
        _ => ("status", $"Answered {response.Status}."),
    };

    private static string Short(string? text) => text is { Length: > 500 } ? text[..500] : text ?? "";

    // What a stranger answered is shown to people and stands in the database, which takes no NUL.
    private static string ExcerptOf(ReadOnlySpan<byte> body) => new([.. Encoding.UTF8.GetString(body).Where(c => !char.IsControl(c) || c is '\n' or '\t')]);

    private HttpRequestMessage Request(HookTarget target, string id, byte[] body)
    {
        var at = time.GetUtcNow();
        var request = new HttpRequestMessage(HttpMethod.Post, target.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Broadcast", null));
        request.Headers.Add(WebhookSignature.IdHeader, id);
        request.Headers.Add(WebhookSignature.TimestampHeader, at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(WebhookSignature.SignatureHeader, HookSecret.Sign(target, id, at, body));
        return request;
    }
}
