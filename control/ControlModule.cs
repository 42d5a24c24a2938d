using Broadcast.Control.Access;
using Broadcast.Control.Api;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Control.Calendars;
using Broadcast.Control.Channels;
using Broadcast.Control.Chat;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Control.Lookups;
using Broadcast.Control.Pages;
using Broadcast.Control.Publishing;
using Broadcast.Control.Recordings;
using Broadcast.Control.Secrets;
using Broadcast.Control.ServerSentEvents;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Control.Slates;
using Broadcast.Control.Storage;
using Broadcast.Control.Targets;
using Broadcast.Control.ViewerCounting;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ChatToControl;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ControlToCluster;
using Broadcast.Media.ControlToTranscoder;
using Broadcast.Media.HostToControl;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.Outbound;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.StorageToControl;
using Broadcast.Media.TranscoderToControl;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>Registration of the control module.</summary>
public static class ControlModule
{
    /// <summary>
    /// Adds the control module: options <c>Database</c>, <c>Control</c> and <c>Authorization</c>, the database,
    /// <see cref="IPublishAuthorizer"/>, <see cref="IViewerAuthorizer"/>, <see cref="ISessionVisibility"/>, <see cref="IProgramGuide"/>,
    /// <see cref="IViewerTotals"/>, <see cref="IRecordingCatalog"/>, <see cref="IChannelRecordings"/>, <see cref="IPageData"/>, the
    /// services that the API and the CLI share, and <see cref="FirstRun"/>. The host provides <see cref="DataFolder"/> and, where
    /// available, <see cref="ISessionLifecycle"/>, <see cref="ISessionStorageInspector"/>, <see cref="IChannelRuntimeStates"/>,
    /// <see cref="ISourceHealth"/>, <see cref="IViewerCounter"/>, <see cref="IChannelMeasurements"/>, <see cref="IEncoderList"/>,
    /// <see cref="IStorageProbe"/>, <see cref="IPublishUrls"/> and <see cref="IViewerUrls"/>. Add it before the modules that depend on it,
    /// so that it starts first and stops last.
    /// </summary>
    /// <param name="services">The service collection.</param>
    /// <param name="configuration">The root configuration.</param>
    /// <param name="roles">Roles of the process, all by default: they decide which background services run.</param>
    public static IServiceCollection AddControl(this IServiceCollection services, IConfiguration configuration, ServerRoles? roles = null)
    {
        roles ??= ServerRoles.All;
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddKeyedSingleton(CalendarClock.Key, TimeProvider.System);
        services.AddOptions<DatabaseOptions>()
            .Bind(configuration.GetSection(DatabaseOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true).ValidateOnStart();
        services.AddOptions<ControlOptions>()
            .Bind(configuration.GetSection(ControlOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true).ValidateOnStart();
        services.AddOptions<AuthorizationOptions>()
            .Bind(configuration.GetSection(AuthorizationOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<AuthorizationOptions>>(new Rules<AuthorizationOptions>(o => o.Validate()));
        services.AddSingleton<IValidateOptions<DatabaseOptions>>(new Rules<DatabaseOptions>(o => o.Validate()));
        services.AddSingleton<IValidateOptions<ControlOptions>>(new Rules<ControlOptions>(o => o.Validate()));

        services.AddHttpContextAccessor();
        services.AddSingleton(p => new ServerDatabase(
            p.GetRequiredService<DataFolder>(), () => p.GetRequiredService<IOptions<DatabaseOptions>>().Value,
            Clock(p), p.GetService<ILogger<ServerDatabase>>(), p.GetRequiredService<IHttpContextAccessor>()));
        services.AddSingleton(p => new DeletionClock(Clock(p), p.GetRequiredService<ILogger<DeletionClock>>()));
        services.AddSingleton<AuditLog>();
        services.AddSingleton<IChangeLog, ChangeLog>();
        services.AddSingleton<ChannelRepository>();
        services.AddSingleton<StreamKeys>();
        services.AddSingleton<ChannelSlates>();
        services.AddSingleton<SlateUploads>();
        services.AddSingleton<SlateDownloads>();
        services.AddSingleton<IChannelSlates>(p => p.GetRequiredService<ChannelSlates>());
        services.AddSingleton<TokenRepository>();
        services.AddSingleton<UserRepository>();
        services.AddSingleton<UserSessions>();
        services.AddSingleton<LoginAttempts>();
        services.AddSingleton<SecondFactors>();
        services.AddSingleton<Logins>();
        services.AddSingleton<ViewerKeys>();
        services.AddSingleton<ViewerTokens>();
        services.AddSingleton<ViewerPolicyCache>();
        services.AddSingleton<SessionVisibilityStore>();
        services.AddSingleton<ISessionVisibility>(p => p.GetRequiredService<SessionVisibilityStore>());
        services.AddSingleton(p => new RecordingCatalog(p.GetRequiredService<ServerDatabase>(),
            p.GetRequiredService<IOptions<ControlOptions>>(), Clock(p),
            p.GetRequiredService<IHttpContextAccessor>()));
        services.AddSingleton<IRecordingCatalog>(p => p.GetRequiredService<RecordingCatalog>());
        services.AddSingleton<IRecordingList>(p => p.GetRequiredService<RecordingCatalog>());
        services.AddSingleton(p => new PageDataCache(p.GetRequiredService<ServerDatabase>(),
            p.GetRequiredService<IOptions<ControlOptions>>(), Clock(p),
            p.GetRequiredService<IHttpContextAccessor>()));
        services.AddSingleton<IChannelRecordings>(p => p.GetRequiredService<PageDataCache>());
        services.AddSingleton<IPageData>(p => p.GetRequiredService<PageDataCache>());
        services.AddSingleton<ViewerAuthCallback>();
        services.AddSingleton<IMessageReview, ReviewWebhook>();
        services.AddSingleton<ViewerAuthCache>();
        services.AddSingleton<IViewerAuthorizer, ViewerAuthorizer>();
        services.AddSingleton<SetupCodes>();
        services.AddSingleton<SessionHistory>();
        services.AddSingleton<ChannelActivityLog>();
        services.AddSingleton<FirstRun>();

        services.AddSingleton(p => new StreamKeyCache(p.GetRequiredService<ServerDatabase>(),
            p.GetRequiredService<IOptions<ControlOptions>>(), Clock(p)));
        services.AddSingleton(p => new SetupThrottle(CreateThrottle(p)));
        services.AddSingleton<KeyAttempts>();
        services.AddSingleton<StreamKeyValidator>();
        services.AddSingleton<AuthCallbackClient>();
        services.AddSingleton<AuthCallbackNotifier>();
        services.AddSingleton<AuthCallbackChannels>();
        services.AddSingleton<PublishAuthorization>();
        services.TryAddSingleton(roles);
        services.AddSingleton<ServerIdentity>();
        services.AddSingleton(p => new SessionClaims(
            p.GetRequiredService<ServerIdentity>(), p.GetRequiredService<IOptions<ControlOptions>>(), p.GetService<ITakeoverCandidates>()));
        services.AddSingleton<RemoteSessions>();
        services.AddSingleton<ServerRepository>();
        services.AddHttpForwarder();
        services.AddSingleton<OwnerRequests>();
        services.AddSingleton<MediaServers>();
        services.AddSingleton<SpareSessions>();
        services.AddSingleton<IServerDirectory, ServerDirectory>();
        services.AddSingleton<SuspensionWatch>();
        services.AddSingleton<ServerLeaseState>();
        services.AddSingleton(p => new OwnershipProbe(p.GetRequiredService<ServerDatabase>(), p.GetRequiredService<ServerIdentity>(),
            new Lazy<SessionManager>(p.GetRequiredService<SessionManager>), Clock(p)));
        services.AddSingleton<DatabaseClock>();
        services.AddSingleton<ISessionOwnership, SessionOwners>();
        services.AddSingleton(p => new SessionTakeovers(
            p.GetRequiredService<SessionClaims>(), p.GetRequiredService<SessionManager>(), Clock(p),
            p.GetRequiredService<ILogger<SessionTakeovers>>(), p.GetService<ITakeoverCandidates>(), p.GetService<ISessionLifecycle>()));
        services.AddSingleton<StoredTakeovers>();
        services.AddSingleton<ServerLeaseService>();
        services.AddSingleton<OwnershipCheck>();
        services.AddSingleton<ISessionReceiver>(p => p.GetRequiredService<OwnershipCheck>());
        services.AddSingleton(p => new SessionHandovers(p.GetRequiredService<ServerDatabase>(), p.GetRequiredService<ServerIdentity>(),
            p.GetRequiredService<MediaServers>(), p.GetRequiredService<OwnershipCheck>(), p.GetRequiredService<SessionManager>(),
            p.GetRequiredService<SessionWriter>(), Clock(p), p.GetRequiredService<ILogger<SessionHandovers>>(),
            p.GetService<ISessionHandover>(), p.GetService<ISessionLifecycle>()));
        services.AddSingleton(p => new ServerDrain(p.GetRequiredService<ServerLeaseState>(), p.GetRequiredService<SessionManager>(),
            p.GetRequiredService<SessionHandovers>(), p.GetRequiredService<ServerDatabase>(), p.GetRequiredService<ServerIdentity>(),
            p.GetRequiredService<IOptions<ControlOptions>>(), Clock(p), p.GetRequiredService<ILogger<ServerDrain>>()));
        services.AddSingleton(p => new SessionWriter(
            p.GetRequiredService<ServerDatabase>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<SessionWriter>>(),
            p.GetRequiredService<ServerIdentity>(), p.GetRequiredService<IOptions<ControlOptions>>()));
        services.AddSingleton(p => new SessionManager(
            p.GetRequiredService<SessionWriter>(), p.GetService<ISessionLifecycle>(), p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<SessionManager>>(),
            p.GetRequiredService<SessionVisibilityStore>(), p.GetService<IActiveEvents>(), p.GetService<IResumedSessions>()));
        services.AddSingleton<DeletedChannels>();
        services.AddSingleton(p => new PublishAdmission(p.GetRequiredService<SessionManager>(),
            p.GetRequiredService<IOptions<ControlOptions>>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ChannelAvailability>();
        services.AddSingleton<PublishAuthorizer>();
        services.AddSingleton<IPublishAuthorizer>(p => p.GetRequiredService<PublishAuthorizer>());
        services.AddHostedService(p => p.GetRequiredService<AuthCallbackNotifier>());
        services.AddSingleton(p => new OutboundConnector(() => p.GetRequiredService<IOptions<ControlOptions>>().Value.Outbound,
            ControlOptions.AllowedTargetsOption, Clock(p)));
        services.AddSingleton(p => new SecretProtector(p.GetRequiredService<DataFolder>(),
            () => p.GetRequiredService<IOptions<ControlOptions>>().Value.SecretKeyList));
        services.AddSingleton<TargetRepository>();
        services.AddSingleton<TargetService>();
        services.AddSingleton<WebhookRepository>();
        services.AddSingleton<WebhookDeliveryLog>();
        services.AddSingleton<WebhookQueue>();
        services.AddSingleton<WebhookSender>();
        services.AddSingleton(p => new WebhookTest(p.GetRequiredService<ServerDatabase>(), p.GetRequiredService<WebhookSender>(),
            Clock(p)));
        services.AddSingleton<WebhookDispatcher>();
        services.AddSingleton<EventStreamLog>();
        services.AddSingleton<CurrentStateCache>();
        services.AddSingleton<EventStream>();
        services.AddSingleton<EventRepository>();
        services.AddSingleton<CalendarFeeds>();
        services.AddSingleton<ActiveEventCache>();
        services.AddSingleton<IActiveEvents>(p => p.GetRequiredService<ActiveEventCache>());
        services.AddSingleton<IProgramGuide>(p => p.GetRequiredService<ActiveEventCache>());
        services.AddSingleton<EventSessions>();
        services.AddSingleton<EventScheduler>();
        services.AddSingleton<RecordingRepository>();
        services.AddSingleton(p => new RecordingUsageCounter(p.GetRequiredService<ServerDatabase>(), Clock(p),
            p.GetService<ISessionStorageInspector>()));
        services.AddSingleton(p => new StorageTest(p.GetRequiredService<ServerDatabase>(), Clock(p)));
        services.AddSingleton<IdempotencyKeys>();
        services.AddSingleton(p => new CallerLimits(p.GetRequiredService<IOptions<ControlOptions>>(), Clock(p)));
        services.AddSingleton<UnknownCallers>();
        services.AddSingleton<RecordingRetentionService>();
        AddNotificationHandlers(services);
        services.AddSingleton<NotificationListener>();
        services.AddSingleton<FirstRunSetup>();
        services.AddSingleton<SessionResumption>();
        services.AddSingleton<SessionShutdown>();
        services.AddHostedService<ControlService>();
        services.AddHostedService(p => p.GetRequiredService<ServerLeaseService>());
        services.AddHostedService(p => p.GetRequiredService<ServerDrain>());
        AddWork(services, roles);
        services.AddHostedService(p => p.GetRequiredService<EventStream>());
        services.AddSingleton(p => new ViewerTotals(Clock(p), p.GetService<IViewerCounter>()));
        services.AddSingleton<IViewerTotals>(p => p.GetRequiredService<ViewerTotals>());
        services.AddSingleton<ViewerTable>();
        services.AddHostedService<ViewerCountService>();
        services.AddHostedService(p => p.GetRequiredService<EventScheduler>());
        services.AddOpenApi(OpenApiEndpoint.DocumentName, EndpointDescriptions.Configure);
        services.TryAddSingleton<OpenApiEndpoint>();
        return services;
    }

    /// <summary>Enables cross-origin requests from <see cref="ControlOptions.AllowedOrigins"/>. Call it before mapping endpoints.</summary>
    public static IApplicationBuilder UseControl(this IApplicationBuilder app) => CrossOrigin.Use(app);

    /// <summary>
    /// Maps <c>/api/v1</c>. Every endpoint requires a bearer token or a login, except these: <c>GET /api/v1/openapi.json</c> and
    /// <c>GET /api/v1/login</c> require nothing, <c>POST /api/v1/setup</c> a setup code, <c>POST /api/v1/login</c> a password,
    /// <c>POST /api/v1/obs/multitrack</c> a stream
    /// key. The URL of <c>GET /api/v1/calendars/{feed}/events.ics</c> is itself the secret.
    /// </summary>
    public static IEndpointRouteBuilder MapControl(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup("/api/v1");
        api.AddEndpointFilter<RouteGroupBuilder, ApiAuthorization>();
        ChannelEndpoints.Map(api);
        ChannelHistoryEndpoints.Map(api);
        SlateEndpoints.Map(api);
        KeyEndpoints.Map(api);
        RecordingEndpoints.Map(api);
        EventEndpoints.Map(api);
        CalendarEndpoints.Map(api);
        ViewerEndpoints.Map(api);
        TokenEndpoints.Map(api);
        LoginEndpoints.Map(api);
        UserEndpoints.Map(api);
        AuditEndpoints.Map(api);
        EncoderEndpoints.Map(api);
        StorageEndpoints.Map(api);
        WebhookEndpoints.Map(api);
        TargetEndpoints.Map(api);
        ChatEndpoints.Map(api);
        ChatPollEndpoints.Map(api);
        StreamEndpoints.Map(api);
        ServerEndpoints.Map(api);
        MultitrackEndpoint.Map(api);
        OpenApiEndpoint.Map(api);
        return endpoints;
    }

    /// <summary>
    /// Adds background work that belongs to a role. A media server also deletes media, because only the owner of a session knows whether
    /// all of them are uploaded.
    /// </summary>
    private static void AddWork(IServiceCollection services, ServerRoles roles)
    {
        if (roles.Control || roles.Media)
        {
            services.AddHostedService(p => p.GetRequiredService<DeletedChannels>());
            services.AddHostedService(p => p.GetRequiredService<RecordingRetentionService>());
        }

        if (roles.Control)
        {
            services.AddHostedService<AuditRetentionService>();
            services.AddHostedService(p => p.GetRequiredService<WebhookDispatcher>());
        }

        if (roles.Media)
        {
            services.AddHostedService<ChannelMonitor>();
            services.AddHostedService<ChannelReporter>();
            services.AddHostedService(p => p.GetRequiredService<TargetService>());
        }
    }

    /// <summary>Adds the handlers of database notifications, in the order of their work.</summary>
    private static void AddNotificationHandlers(IServiceCollection services)
    {
        Add<EventStream>();
        Add<OwnershipCheck>();
        Add<WebhookDispatcher>();
        services.AddSingleton<INotificationHandler, ViewerAccessRefresh>();
        Add<RecordingCatalog>();
        Add<RecordingRetentionService>();
        Add<PageDataCache>();
        Add<StreamKeyCache>();
        Add<EventScheduler>();
        Add<TargetService>();
        services.AddSingleton<INotificationHandler, KeyReconciliation>();

        void Add<T>()
            where T : class, INotificationHandler => services.AddSingleton<INotificationHandler>(p => p.GetRequiredService<T>());
    }

    private static TimeProvider Clock(IServiceProvider p) => p.GetRequiredKeyedService<TimeProvider>(CalendarClock.Key);

    private static AttemptThrottle CreateThrottle(IServiceProvider p) =>
        new(p.GetRequiredService<IOptions<ControlOptions>>(), Clock(p));

    private sealed class Rules<T>(Func<T, IEnumerable<string>> validate) : IValidateOptions<T>
        where T : class
    {
        public ValidateOptionsResult Validate(string? name, T options)
        {
            var errors = validate(options).ToList();
            return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
        }
    }
}
