using Broadcast.Media;
using Broadcast.Media.OriginToChat;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Live;
using Broadcast.Origin.ViewerCounting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Delivery;

/// <summary>Handler of <c>status.json</c>: state of a channel, its next event, its newest recording and its viewers.</summary>
internal sealed class StatusEndpoint(
    DocumentDelivery documents, ViewerCounts counts, IOptions<OriginOptions> options,
    IProgramGuide? programGuide = null, IChannelRecordings? recordings = null, IViewerTotals? viewerTotals = null, IChat? chat = null)
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);

    /// <summary>Responds with the status of a channel.</summary>
    /// <param name="context">The request.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="session">The session that determines the status; <see langword="null"/> where the channel is offline.</param>
    public Task AnswerAsync(HttpContext context, ChannelName channel, LiveSession? session)
    {
        var status = session?.Status() ?? LiveChannel.Offline(channel);
        var title = status.Session is { } on ? programGuide?.TitleOf(on) : null;
        return documents.AnswerAsync(context,
            ChannelStatusText.Render(status, programGuide?.Next(channel), recordings?.Newest(channel), ViewersOf(status), title,
                chat?.IsEnabled(channel) == true), MaxAge);
    }

    /// <summary>Viewer count and beacon sampling; <see langword="null"/> when the channel is not live.</summary>
    private StatusViewers? ViewersOf(ChannelStatus status)
    {
        if (status.State is not (ChannelState.Live or ChannelState.Interrupted))
        {
            return null;
        }

        var size = viewerTotals?.Find(status.Channel) ?? new(counts.Find(status.Channel)?.Viewers ?? 0, 0);
        return new(options.Value.ShowViewers ? size.Viewers : null, counts.GetLevel(status.Channel, size.Level));
    }
}
