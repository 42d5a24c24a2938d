using System.Diagnostics.Metrics;
using Broadcast.Database;
using Broadcast.Media;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.AuthCallbacks;

/// <summary>
/// Sends publisher requests to the auth callback, with the limits of <see cref="CallbackHttpTransport"/> and responses of at most
/// <see cref="MaxResponseBytes"/> bytes.
/// </summary>
internal sealed class AuthCallbackClient(IOptions<AuthorizationOptions> options,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time, ILogger<AuthCallbackClient> logger)
    : IDisposable
{
    /// <summary>Maximum response body, in bytes.</summary>
    public const int MaxResponseBytes = 64 * 1024;

    private static readonly Counter<long> Requests = Telemetry.Meter.CreateCounter<long>(
        "broadcast_auth_callback_requests_total", description: "Requests to the publish auth callback, by event and result.");

    private static readonly Histogram<double> Durations = Telemetry.Meter.CreateHistogram<double>(
        "broadcast_auth_callback_seconds", unit: "s",
        description: "Duration of publish auth callback requests, including the wait for a free slot.");

    private readonly AuthorizationOptions _options = options.Value;
    private readonly byte[]? _key = WebhookSignature.KeyOf(options.Value.Secret);
    private readonly CallbackHttpTransport _transport = new(options, time);

    /// <summary>Requests permission to publish or reports an end, and reads the response. Throws only when canceled.</summary>
    public async Task<AuthCallbackResult> SendAsync(string url, AuthCallbackEvent e, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var answer = await SendCoreAsync(url, e, cancellationToken);
        var label = answer switch
        {
            AuthCallbackResult.Allowed => "allowed",
            AuthCallbackResult.Denied => "denied",
            AuthCallbackResult.Failed fault => fault.Reason,
            _ => "",
        };
        Durations.Record(time.GetElapsedTime(started).TotalSeconds);
        Requests.Add(1, new("event", e.End is null ? "publish" : "publish_done"), new KeyValuePair<string, object?>("result", label));
        if (answer is AuthCallbackResult.Failed)
        {
            ControlLog.PublishCallbackFailed(logger, e.End is null ? "publish request" : "end notification", label);
        }

        return answer;
    }

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();

    private async Task<AuthCallbackResult> SendCoreAsync(string url, AuthCallbackEvent e, CancellationToken cancellationToken)
    {
        var response = await _transport.SendAsync(() => CreateRequest(url, e),
            status => AuthCallbackResult.NeedsBody(_options.Format, status) && e.End is null, MaxResponseBytes, cancellationToken);
        return response.Error is { } fault ? new AuthCallbackResult.Failed(fault)
            : e.End is null || response.Status >= 300 ? AuthCallbackResult.Read(_options.Format, response.Status, response.Location,
                response.Body)
            : new AuthCallbackResult.Allowed(null, Create: false);
    }

    private HttpRequestMessage CreateRequest(string url, AuthCallbackEvent e)
    {
        var (type, body) = AuthCallbackRequest.Of(_options.Format, e);
        return SignedRequest.Create(url, type, body, _options.Format == AuthorizationOptions.BroadcastFormat && _key is { } key
            ? (key, (e.End is null ? "pub_" : "end_") + e.Id.ToString("N"), time.GetUtcNow()) : null);
    }
}
