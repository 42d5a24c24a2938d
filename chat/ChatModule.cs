using Broadcast.Chat.Feed;
using Broadcast.Chat.History;
using Broadcast.Chat.Identities;
using Broadcast.Chat.Limits;
using Broadcast.Chat.Messages;
using Broadcast.Chat.Moderation;
using Broadcast.Chat.Polls;
using Broadcast.Chat.Reports;
using Broadcast.Chat.Settings;
using Broadcast.Database;
using Broadcast.Media.ControlToChat;
using Broadcast.Media.OriginToChat;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Chat;

/// <summary>Registration of the module.</summary>
public static class ChatModule
{
    /// <summary>
    /// Adds <see cref="IChat"/>, <see cref="IChatHistory"/>, <see cref="IChatSettings"/>, <see cref="IChatModeration"/>,
    /// <see cref="IChatPolls"/> and <see cref="IChatReports"/>. Needs a <see cref="ServerDatabase"/> and an <see cref="IChangeLog"/>.
    /// </summary>
    /// <param name="services">The service collection.</param>
    /// <param name="configuration">The root configuration; the section <c>Chat</c> is read.</param>
    public static IServiceCollection AddChat(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ChatOptions>()
            .Bind(configuration.GetSection(ChatOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<ChatOptions>, ChatOptionsValidator>();
        services.AddSingleton<ChatStore>();
        services.AddSingleton<ChatFeed>();
        services.AddSingleton<ChatWriter>();
        services.AddSingleton<ChatKeys>();
        services.AddSingleton<IChatSettings, ChatSettingsStore>();
        services.AddSingleton<ChatSettingsCache>();
        services.AddSingleton<INotificationHandler>(p => p.GetRequiredService<ChatSettingsCache>());
        services.AddSingleton<NetworkHashes>();
        services.AddSingleton<IChatModeration, ChatModeration>();
        services.AddSingleton<IChatPolls, ChatPolls>();
        services.AddSingleton<IChatReports, ChatReports>();
        services.AddSingleton<IChat, ViewerChat>();
        services.AddSingleton<IChatHistory, ChatHistory>();
        services.AddHostedService<ChatListener>();
        return services;
    }

    /// <summary>Creates the parts of the chat that commands use. They work with or without a running server.</summary>
    /// <param name="database">The database.</param>
    /// <param name="changes">Records changes.</param>
    /// <param name="time">The clock.</param>
    public static ChatTools CreateTools(ServerDatabase database, IChangeLog changes, TimeProvider time) => new(
        new ChatSettingsStore(database, changes, time), new ChatModeration(database, new(database, time), changes, time),
        new ChatPolls(database, changes, time), new ChatReports(database, time));
}

/// <summary>Parts of the chat that commands use.</summary>
/// <param name="Settings">Settings.</param>
/// <param name="Moderation">Moderation.</param>
/// <param name="Polls">Polls and questions.</param>
/// <param name="Reports">Statistics and exports.</param>
public sealed record ChatTools(IChatSettings Settings, IChatModeration Moderation, IChatPolls Polls, IChatReports Reports);
