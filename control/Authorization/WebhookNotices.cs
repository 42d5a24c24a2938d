using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>
/// Tells the webhook that somebody whom it let in has ended. Each end is told once, in the background. At most <see cref="MaxWaiting"/> wait; when a webhook that is away has filled
/// that, further ends are dropped and logged.
/// </summary>
internal sealed class WebhookNotices(WebhookClient client, IOptions<AuthorizationOptions> options, TimeProvider time, ILogger<WebhookNotices> logger) : BackgroundService
{
    /// <summary>Most ends that wait to be told.</summary>
    public const int MaxWaiting = 1000;

    private const int AtATime = 8;
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);
    private readonly Channel<WebhookEvent> _waiting = Channel.CreateBounded<WebhookEvent>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.Wait });
    private readonly ConcurrentDictionary<Guid, WebhookEvent> _publishing = [];

    /// <summary>Somebody was let in by the webhook and has its place.</summary>
    public void Began(Guid publication, WebhookEvent asked)
    {
        if (options.Value.DoneUrl is not null)
        {
            _publishing[publication] = asked;
        }
    }

    /// <summary>A publication has ended, whoever let it in.</summary>
    public void Ended(Guid publication, string session, string reason)
    {
        if (_publishing.TryRemove(publication, out var asked))
        {
            Tell(asked, new(session, reason));
        }
    }

    /// <summary>The webhook let somebody in who then had no place.</summary>
    public void NoPlace(WebhookEvent asked, string reason)
    {
        if (options.Value.DoneUrl is not null)
        {
            Tell(asked, new(null, reason));
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // What ended because the server stops is told too, if the webhook is quick.
        _waiting.Writer.TryComplete();
        if (ExecuteTask is { } running)
        {
            await running.WaitAsync(LastWords, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await base.StopAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => options.Value.DoneUrl is not { } url
        ? Task.CompletedTask
        : Parallel.ForEachAsync(
            _waiting.Reader.ReadAllAsync(stoppingToken),
            new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = stoppingToken },
            async (e, cancellationToken) => await client.SendAsync(url, e, cancellationToken));

    private void Tell(WebhookEvent asked, WebhookEnd end)
    {
        if (!_waiting.Writer.TryWrite(asked with { End = end, At = time.GetUtcNow() }))
        {
            ControlLog.NoticeDropped(logger, MaxWaiting);
        }
    }
}
