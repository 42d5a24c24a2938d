using System.Diagnostics.Metrics;
using System.Text.Json;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ChatToControl;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Chat;

/// <summary>
/// Sends messages to <see cref="AuthorizationOptions.ChatReviewUrl"/>. Limits and signature are those of the auth callbacks, but with
/// separate connections: a busy chat must not delay publishers and viewers.
/// </summary>
internal sealed class ReviewWebhook(IOptions<AuthorizationOptions> options, [FromKeyedServices(CalendarClock.Key)] TimeProvider time,
    ILogger<ReviewWebhook> logger)
    : IMessageReview, IDisposable
{
    private const int MaxResponseLength = 8 * 1024;
    private static readonly Counter<long> Requests = Telemetry.Meter.CreateCounter<long>(
        "broadcast_chat_review_requests_total", description: "Requests to the chat review webhook, by result.");

    private static readonly Histogram<double> Durations = Telemetry.Meter.CreateHistogram<double>(
        "broadcast_chat_review_seconds", unit: "s",
        description: "Duration of chat review requests, including the wait for a free slot.");

    private readonly AuthorizationOptions _options = options.Value;
    private readonly byte[]? _key = WebhookSignature.KeyOf(options.Value.Secret);
    private readonly CallbackHttpTransport _transport = new(options, time);
    private int _isFailing;

    /// <inheritdoc/>
    public bool IsEnabled => _options.ChatReviewUrl is not null && _key is not null;

    /// <inheritdoc/>
    public ReviewResult Failed { get; } = options.Value.ChatReviewFailure switch
    {
        AuthorizationOptions.AllowMessages => new(ReviewAction.Allow),
        AuthorizationOptions.DenyMessages => new(ReviewAction.Deny, Reason: "Messages cannot be checked at the moment. Try again later."),
        _ => new(ReviewAction.Hold, Reason: "The review webhook did not respond."),
    };

    /// <inheritdoc/>
    public async Task<ReviewResult> ReviewAsync(ReviewedMessage message, CancellationToken cancellationToken)
    {
        if (_options.ChatReviewUrl is not { } url || _key is null)
        {
            return new(ReviewAction.Allow);
        }

        var started = time.GetTimestamp();
        var id = Guid.NewGuid();
        var response = await _transport.SendAsync(() => CreateRequest(url, id, message), status => status == 200, MaxResponseLength,
            cancellationToken);
        var (result, label) = response.Error is { } error ? (null, error) : Read(response.Status, response.Body);
        Durations.Record(time.GetElapsedTime(started).TotalSeconds);
        Requests.Add(1, new KeyValuePair<string, object?>("result", label));

        // A busy chat must not flood the log.
        if (Interlocked.Exchange(ref _isFailing, result is null ? 1 : 0) is var before && before == 0 && result is null)
        {
            ControlLog.ReviewFailed(logger, label, _options.ChatReviewFailure);
        }
        else if (before == 1 && result is not null)
        {
            ControlLog.ReviewRestored(logger);
        }

        return result ?? Failed;
    }

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();

    /// <summary>
    /// Parses a response: 200 with <c>{"decision": "allow", "text": "…", "reason": "…"}</c>, where <c>decision</c> is <c>allow</c>,
    /// <c>hold</c> or <c>deny</c>.
    /// </summary>
    /// <returns>The result, <see langword="null"/> when the response is invalid; and its metric label value.</returns>
    internal static (ReviewResult? Result, string Label) Read(int status, ReadOnlyMemory<byte> body)
    {
        if (status != 200)
        {
            return (null, status is >= 300 and < 400 ? "redirect" : "status");
        }

        using var document = CallbackJson.Parse(body);
        if (document is not { RootElement: { ValueKind: JsonValueKind.Object } root })
        {
            return (null, "malformed");
        }

        var reason = CallbackJson.Text(root, "reason") is { Length: > 0 } given ? CallbackJson.Sanitize(given) : null;
        string? text = null;
        if (root.TryGetProperty("text", out var replacement) && replacement.ValueKind != JsonValueKind.Null
            && (text = CallbackJson.Text(root, "text")) is null)
        {
            return (null, "malformed");   // the original text must not be shown instead
        }

        return CallbackJson.Text(root, "decision") switch
        {
            "allow" => (new(ReviewAction.Allow, text), text is null ? "allowed" : "changed"),
            "hold" => (new(ReviewAction.Hold, text, reason), "held"),
            "deny" => (new(ReviewAction.Deny, Reason: reason), "denied"),
            _ => (null, "malformed"),
        };
    }

    private HttpRequestMessage CreateRequest(string url, Guid id, ReviewedMessage message)
    {
        var at = time.GetUtcNow();
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", "chat.review");
            json.WriteString("id", id);
            json.WriteString("at", at);
            json.WriteString("channel", message.Channel.Value);
            json.WriteString("session", message.Session.Value);
            json.WriteString("kind", message.IsQuestion ? "question" : "message");
            json.WriteString("participant", message.Participant.Value);
            json.WriteString("name", message.Name);
            json.WriteString("role", message.Role ?? "guest");
            json.WriteString("text", message.Text);
            json.WriteString("time", message.MediaTime);
            json.WriteEndObject();
        }

        return SignedRequest.Create(url, "application/json", buffer.ToArray(), (_key!, "review_" + id.ToString("N"), at));
    }
}
