using Broadcast.Control.Api;
using Broadcast.Media;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>Registration of the room.</summary>
public static class ControlModule
{
    /// <summary>
    /// Adds the control room: options <c>Database</c>, <c>Control</c> and <c>Authorization</c>, the database, <see cref="IPublishAuthority"/>, <see cref="IViewerAuthority"/>, <see cref="ISessionAudience"/>, <see cref="IAnnouncements"/>, <see cref="IAudienceSizes"/>, <see cref="IRecordingCatalog"/>, <see cref="IReplays"/>, <see cref="IPageFacts"/>, the services that the API and the commands share, and <see cref="FirstRun"/>.
    /// The host provides <see cref="DataFolder"/>, and where they run <see cref="ISessionLifecycle"/>, <see cref="ISessionMedia"/>, <see cref="IChannelStates"/>, <see cref="ISourceHealth"/>, <see cref="IViewerCounter"/>, <see cref="IChannelMeasurements"/>, <see cref="IEncoderList"/>, <see cref="IStorageProbe"/>, <see cref="IPublishAddresses"/> and <see cref="IViewerAddresses"/>. Add it before the
    /// rooms that ask it, so that it is started first and stopped last.
    /// </summary>
    public static IServiceCollection AddControl(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<DatabaseOptions>()
            .Bind(configuration.GetSection(DatabaseOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true).ValidateOnStart();
        services.AddOptions<ControlOptions>()
            .Bind(configuration.GetSection(ControlOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true).ValidateOnStart();
        services.AddOptions<AuthorizationOptions>()
            .Bind(configuration.GetSection(AuthorizationOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true).ValidateOnStart();
        services.AddSingleton<IValidateOptions<AuthorizationOptions>>(new Rules<AuthorizationOptions>(o => o.Mistakes()));
        services.AddSingleton<IValidateOptions<DatabaseOptions>>(new Rules<DatabaseOptions>(o => o.Mistakes()));
        services.AddSingleton<IValidateOptions<ControlOptions>>(new Rules<ControlOptions>(o => o.Mistakes()));

        services.AddSingleton(p => new Database(
            p.GetRequiredService<DataFolder>(), () => p.GetRequiredService<IOptions<DatabaseOptions>>().Value, p.GetRequiredService<TimeProvider>(), p.GetService<ILogger<Database>>()));
        services.AddSingleton<AuditLog>();
        services.AddSingleton<ChannelDirectory>();
        services.AddSingleton<StreamKeys>();
        services.AddSingleton<ChannelSlates>();
        services.AddSingleton<IChannelSlates>(p => p.GetRequiredService<ChannelSlates>());
        services.AddSingleton<Tokens>();
        services.AddSingleton<Users>();
        services.AddSingleton<UserSessions>();
        services.AddSingleton<LoginAttempts>();
        services.AddSingleton<SecondFactors>();
        services.AddSingleton<Logins>();
        services.AddSingleton<ViewerKeys>();
        services.AddSingleton<ViewerTokens>();
        services.AddSingleton<ViewingRegister>();
        services.AddSingleton<AudienceRegister>();
        services.AddSingleton<ISessionAudience>(p => p.GetRequiredService<AudienceRegister>());
        services.AddSingleton(p => new RecordingCatalog(p.GetRequiredService<Database>(), p.GetRequiredService<IOptions<ControlOptions>>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IRecordingCatalog>(p => p.GetRequiredService<RecordingCatalog>());
        services.AddSingleton<IRecordingList>(p => p.GetRequiredService<RecordingCatalog>());
        services.AddSingleton(p => new PageRegister(p.GetRequiredService<Database>(), p.GetRequiredService<IOptions<ControlOptions>>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IReplays>(p => p.GetRequiredService<PageRegister>());
        services.AddSingleton<IPageFacts>(p => p.GetRequiredService<PageRegister>());
        services.AddSingleton<ViewerWebhook>();
        services.AddSingleton<HookedViewers>();
        services.AddSingleton<IViewerAuthority, ViewerAuthority>();
        services.AddSingleton<SetupCodes>();
        services.AddSingleton<SessionHistory>();
        services.AddSingleton<ChannelTimeline>();
        services.AddSingleton<FirstRun>();

        services.AddSingleton(p => new KeyRegister(p.GetRequiredService<Database>(), p.GetRequiredService<IOptions<ControlOptions>>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton(p => new SetupThrottle(Throttle(p)));
        services.AddSingleton<KeyAttempts>();
        services.AddSingleton<KeyCheck>();
        services.AddSingleton<WebhookClient>();
        services.AddSingleton<WebhookNotices>();
        services.AddSingleton<HookedChannels>();
        services.AddSingleton<PublisherCheck>();
        services.AddSingleton<ServerIdentity>();
        services.AddSingleton<SessionClaims>();
        services.AddSingleton<SessionsElsewhere>();
        services.AddSingleton<ServerKeeper>();
        services.AddSingleton(p => new SessionLedger(
            p.GetRequiredService<Database>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<SessionLedger>>(), p.GetRequiredService<ServerIdentity>(), p.GetRequiredService<IOptions<ControlOptions>>()));
        services.AddSingleton(p => new SessionBook(
            p.GetRequiredService<SessionLedger>(), p.GetService<ISessionLifecycle>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<SessionBook>>(),
            p.GetRequiredService<AudienceRegister>(), p.GetService<IEventGate>()));
        services.AddSingleton(p => new DeletedChannels(
            p.GetRequiredService<SessionBook>(), p.GetRequiredService<SessionLedger>(), p.GetService<ISessionLifecycle>(), p.GetRequiredService<ILogger<DeletedChannels>>(), p.GetRequiredService<ServerIdentity>()));
        services.AddSingleton(p => new ChannelDoor(p.GetRequiredService<SessionBook>(), p.GetRequiredService<IOptions<ControlOptions>>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<PublishAuthority>();
        services.AddSingleton<IPublishAuthority>(p => p.GetRequiredService<PublishAuthority>());
        services.AddHostedService(p => p.GetRequiredService<WebhookNotices>());
        services.AddSingleton<OutboundConnector>();
        services.AddSingleton<Webhooks>();
        services.AddSingleton<HookLog>();
        services.AddSingleton<HookQueue>();
        services.AddSingleton<HookSender>();
        services.AddSingleton(p => new HookTrial(p.GetRequiredService<Database>(), p.GetRequiredService<HookSender>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<HookCourier>();
        services.AddSingleton<EventStreamLog>();
        services.AddSingleton<EventStream>();
        services.AddSingleton<EventDirectory>();
        services.AddSingleton<CalendarFeeds>();
        services.AddSingleton<EventGate>();
        services.AddSingleton<IEventGate>(p => p.GetRequiredService<EventGate>());
        services.AddSingleton<IAnnouncements>(p => p.GetRequiredService<EventGate>());
        services.AddSingleton(p => new EventKeeper(
            p.GetRequiredService<Database>(), p.GetRequiredService<SessionBook>(), p.GetRequiredService<SessionLedger>(), p.GetRequiredService<EventGate>(), p.GetRequiredService<AudienceRegister>(),
            p.GetRequiredService<ViewingRegister>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<EventKeeper>>()));
        services.AddSingleton<RecordingDirectory>();
        services.AddSingleton(p => new RecordingSizes(p.GetRequiredService<Database>(), p.GetRequiredService<TimeProvider>(), p.GetService<ISessionMedia>()));
        services.AddSingleton(p => new StorageTrial(p.GetRequiredService<Database>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IdempotencyKeys>();
        services.AddSingleton(p => new CallerLimits(p.GetRequiredService<IOptions<ControlOptions>>()));
        services.AddSingleton<RecordingKeeper>();
        services.AddHostedService<ControlRoom>();
        services.AddHostedService(p => p.GetRequiredService<ServerKeeper>());
        services.AddHostedService(p => p.GetRequiredService<RecordingKeeper>());
        services.AddHostedService<AuditKeeper>();
        services.AddHostedService(p => p.GetRequiredService<HookCourier>());
        services.AddHostedService<ChannelWatch>();
        services.AddHostedService(p => p.GetRequiredService<EventStream>());
        services.AddHostedService<ChannelReporter>();
        services.AddSingleton(p => new ViewerTotals(p.GetRequiredService<TimeProvider>(), p.GetService<IViewerCounter>()));
        services.AddSingleton<IAudienceSizes>(p => p.GetRequiredService<ViewerTotals>());
        services.AddSingleton<ViewerTable>();
        services.AddHostedService<ViewerKeeper>();
        services.AddHostedService(p => p.GetRequiredService<EventKeeper>());
        services.AddOpenApi("v1", Description.Configure);
        return services;
    }

    /// <summary>Lets pages of other sites use the API where <see cref="ControlOptions.AllowedOrigins"/> names them. To be used before endpoints.</summary>
    public static IApplicationBuilder UseControl(this IApplicationBuilder app) => CrossOrigin.Use(app);

    /// <summary>Maps <c>/api/v1</c>. All of it asks for a bearer token or a login, the OpenAPI document too; but not <c>POST /api/v1/setup</c>, which asks for a set-up code, <c>POST /api/v1/login</c>, which asks for a password, <c>POST /api/v1/obs/multitrack</c>, which asks for a stream key, and <c>GET /api/v1/calendars/{feed}/events.ics</c>, whose address is the secret.</summary>
    public static IEndpointRouteBuilder MapControl(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup("/api/v1");
        api.AddEndpointFilter<RouteGroupBuilder, Gate>();
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
        StreamEndpoints.Map(api);
        MultitrackEndpoint.Map(api);
        api.MapOpenApi("/openapi.json").WithMetadata(new RequiredRole(TokenRole.Viewer));
        return endpoints;
    }

    private static AttemptThrottle Throttle(IServiceProvider p) => new(p.GetRequiredService<IOptions<ControlOptions>>(), p.GetRequiredService<TimeProvider>());

    private sealed class Rules<T>(Func<T, IEnumerable<string>> mistakes) : IValidateOptions<T>
        where T : class
    {
        public ValidateOptionsResult Validate(string? name, T options)
        {
            var found = mistakes(options).ToList();
            return found.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(found);
        }
    }
}
