// Made of openapi.json by scripts/api-types.mjs: change the server, then `npm run api:renew`.

/** The shapes that stand in the JSON of /api/v1, by name. */
export interface Schemas {
  ActivityView: {
    /** Position of the entry, for paging. */
    id: string;
    /** Time of the entry. */
    at: string;
    /** Type of the activity. */
    type: string;
    /** Session that the entry belongs to. */
    session: string | null;
    /** Actor of an administrative change: kind, id and name. */
    actor: string | null;
    /** Further details. */
    data: Schemas['JsonElement'];
  };
  ActorView: {
    kind: string;
    id: string;
    name: string;
    address: string;
  };
  AudioSettings: {
    bitrate: number;
  };
  AudioTrackConfiguration: {
    codec: string;
    track_id: number;
    channels: number;
    settings: Schemas['AudioSettings'];
  };
  AudioTrackConfigurations: {
    live: Schemas['AudioTrackConfiguration'][];
    vod: Schemas['AudioTrackConfiguration'][] | null;
  };
  AuditView: {
    id: number;
    at: string;
    actor: Schemas['ActorView'];
    action: string;
    subject: string;
    detail: Record<string, string>;
  };
  CalendarFeedView: {
    id: string;
    channel: string | null;
    label: string;
    createdAt: string;
    lastUsedAt: string | null;
    revokedAt: string | null;
  };
  ChannelChange: {
    title?: string | null;
    ladder?: string | null;
    latency?: string | null;
    reconnectWindowSeconds?: number | null;
    takeover?: string | null;
    takeoverAfterSeconds?: number | null;
    access?: string | null;
    dvrWindow?: string | null;
    record?: boolean | null;
    retention?: string | null;
    reminderMinutes?: number[] | null;
    announceEvents?: boolean | null;
    audioLanguages?: string[] | null;
    expireRecordings?: boolean | null;
  };
  ChannelEncoding: {
    /** Display name of the encoder; `null` while none runs. */
    encoder: string | null;
    /** Encoded rungs, the largest first. */
    rungs: Schemas['ChannelRung'][];
    /** Names of planned rungs that are not encoded. */
    droppedRungs: string[];
    /** Speed level from 0 to 2: higher levels trade quality for speed. */
    speedLevel: number;
    /** Whether every other frame is dropped in all rungs. */
    halfRate: boolean;
    /** Degradation level; 0 for full quality. */
    degradationLevel: number;
    /** Reason for the last degradation or encoder change. */
    reason: string | null;
    /** Lag of the slowest rung behind the source. */
    lagSeconds: number;
    /** Number of encoder restarts. */
    restarts: number;
    /** Reason for re-encoding the source as rung `source`; `null` when the source is delivered by passthrough. */
    reencodeReason?: string | null;
  };
  ChannelRung: {
    /** Name of its rendition. */
    name: string;
    /** Width in pixels. */
    width: number;
    /** Height in pixels. */
    height: number;
    /** Target average bit rate. */
    bitsPerSecond: number;
  };
  ChannelView: {
    name: string;
    title: string;
    ladder: string;
    latency: string;
    reconnectWindowSeconds: number;
    takeover: string;
    takeoverAfterSeconds: number;
    dvrWindow: string;
    record: boolean;
    retention: string;
    access: string;
    reminderMinutes: number[];
    announceEvents: boolean;
    audioLanguages: string[];
    createdAt: string;
    live: Schemas['LiveView'] | null;
    inputs: Schemas['InputView'][];
    encoding: Schemas['ChannelEncoding'] | null;
  };
  ChatActionView: {
    id: string;
    action: string;
    session: string | null;
    message: string | null;
    participant: string | null;
    name: string | null;
    reason: string;
    moderator: string;
    moderatorName: string;
    at: string;
    endsAt: string | null;
    network: boolean;
    undoneAt: string | null;
    undoneBy: string | null;
  };
  ChatCapitalsView: {
    action: string | null;
    maxPercent: number | null;
  };
  ChatCountView: {
    action: string | null;
    max: number | null;
  };
  ChatEvent: {
    /** Id of the event. */
    id: string;
    /** Its title. */
    title: string;
    /** `on`, `off`, or `members`: on, and only users and viewers with a viewer token may write. */
    chat: string;
  };
  ChatExportView: {
    channel: string;
    participant: string;
    exportedAt: string;
    messages: Schemas['ExportedMessageView'][];
    questions: Schemas['ExportedQuestionView'][];
    pollVotes: Schemas['ExportedPollVoteView'][];
    questionVotes: Schemas['ExportedQuestionVoteView'][];
    actions: Schemas['ExportedActionView'][];
  };
  ChatFiltersView: {
    words?: Schemas['ChatWordsView'] | null;
    links?: Schemas['ChatLinksView'] | null;
    repeats?: Schemas['ChatRepeatsView'] | null;
    capitals?: Schemas['ChatCapitalsView'] | null;
    emoji?: Schemas['ChatCountView'] | null;
    mentions?: Schemas['ChatCountView'] | null;
  };
  ChatLinksView: {
    action: string | null;
    domains: string[] | null;
  };
  ChatMessageView: {
    session: string;
    id: string;
    participant: string;
    from: string;
    name: string;
    text: string;
    replyTo: string | null;
    time: string;
    sentAt: string;
    state: string;
    heldBy: string | null;
  };
  ChatMinuteCount: {
    /** Beginning of the minute, by the time of receipt. */
    minute: string;
    /** Number of messages, with those that viewers do not see. */
    messages: number;
  };
  ChatParticipantCount: {
    /** Id of the participant. */
    participant: string;
    /** Newest displayed name. */
    name: string;
    /** Number of messages, with those that viewers do not see. */
    messages: number;
  };
  ChatPollOption: {
    /** The text. */
    text: string;
    /** Number of votes. */
    votes: number;
  };
  ChatPollView: {
    id: string;
    session: string;
    question: string;
    options: Schemas['ChatPollOption'][];
    createdAt: string;
    endsAt: string | null;
    hiddenAt: string | null;
  };
  ChatQuestionChange: {
    state: string;
    answeredAt?: string | null;
  };
  ChatQuestionView: {
    id: string;
    session: string;
    participant: string;
    from: string;
    name: string;
    text: string;
    state: string;
    votes: number;
    time: string;
    sentAt: string;
    answeredAt: string | null;
  };
  ChatRepeatsView: {
    action: string | null;
    maxRun: number | null;
    senderSeconds: number | null;
    anyoneSeconds: number | null;
  };
  ChatSettingsBody: {
    enabled?: boolean | null;
    slowSeconds?: number | null;
    membersOnly?: boolean | null;
    frozen?: boolean | null;
    holdAll?: boolean | null;
    reactions?: boolean | null;
    questions?: boolean | null;
  };
  ChatSettingsView: {
    enabled: boolean;
    slowSeconds: number;
    membersOnly: boolean;
    frozen: boolean;
    holdAll: boolean;
    reactions: boolean;
    questions: boolean;
    event: Schemas['ChatEvent'] | null;
  };
  ChatStatisticsView: {
    session: string | null;
    participants: number;
    messages: Record<string, number>;
    announcements: number;
    minutes: Schemas['ChatMinuteCount'][];
    busiestMinute: Schemas['ChatMinuteCount'] | null;
    mostActive: Schemas['ChatParticipantCount'][];
    reactions: Record<string, number>;
    questions: Record<string, number>;
    polls: number;
    pollVotes: number;
    actions: Record<string, number>;
  };
  ChatTokenView: {
    token: string;
    name: string;
    from: string;
    isModerator: boolean;
  };
  ChatUndo: {
    reason?: string | null;
  };
  ChatWordsView: {
    held: string[] | null;
    rejected: string[] | null;
  };
  ConfigurationMeta: {
    service: string;
    schema_version: string;
    config_id: string;
  };
  ConfigurationStatus: {
    result: string;
    html_en_us: string | null;
  };
  CreatedChannelView: {
    channel: Schemas['ChannelView'];
    streamKey: string;
  };
  DeletionView: {
    dryRun: boolean;
    recordings: string[];
    channel: string;
    session: string;
    sessionStartedAt: string;
    sessionEndedAt: string | null;
    deletesMedia: boolean;
    mediaRetainedBy: string[];
    objects: number | null;
    bytes: number | null;
    isComplete: boolean;
  };
  DeliveryView: {
    id: number;
    event: string;
    type: string;
    channel: string | null;
    state: string;
    attempts: number;
    createdAt: string;
    lastAttemptAt: string | null;
    nextAttemptAt: string | null;
    status: number | null;
    error: string | null;
    responseExcerpt: string | null;
    seconds: number | null;
  };
  EncoderConfiguration: {
    meta: Schemas['ConfigurationMeta'];
    status: Schemas['ConfigurationStatus'];
    ingest_endpoints: Schemas['IngestEndpoint'][];
    encoder_configurations: Schemas['VideoTrackConfiguration'][];
    audio_configurations: Schemas['AudioTrackConfigurations'];
  };
  EncoderView: {
    encoder: string;
    vendor: string;
    codec: string;
    usedForRungs: boolean;
    works: boolean;
    error: string | null;
    probedAt: string;
    durationMilliseconds: number;
  };
  EndedView: {
    session: string | null;
  };
  ErasedView: {
    messages: number;
  };
  EventChange: {
    title?: string | null;
    start?: string | null;
    end?: string | null;
    description?: string | null;
    poster?: string | null;
    timeZone?: string | null;
    recurrence?: string | null;
    ladder?: string | null;
    latency?: string | null;
    record?: string | null;
    access?: string | null;
    chat?: string | null;
    announced?: string | null;
    startMode?: string | null;
    previewSeconds?: number | null;
    graceSeconds?: number | null;
    overrun?: string | null;
    noShowSeconds?: number | null;
    reminderMinutes?: number[] | null;
  };
  EventHistoryView: {
    at: string;
    state: string;
    reason: string;
  };
  EventView: {
    id: string;
    kind: string;
    series: string | null;
    channel: string;
    title: string;
    description: string;
    poster: string;
    state: string;
    reason: string;
    stateSince: string;
    startsAt: string;
    endsAt: string;
    timeZone: string;
    localStart: string;
    recurrence: string | null;
    isChanged: boolean;
    ladder: string;
    latency: string;
    record: string;
    access: string;
    chat: string;
    announced: string;
    startMode: string;
    previewSeconds: number;
    graceSeconds: number;
    overrun: string;
    noShowSeconds: number;
    reminderMinutes: number[];
    wentLiveAt: string | null;
    endedAt: string | null;
    lateSince: string | null;
    sessions: string[];
    revision: number;
    createdAt: string;
    updatedAt: string;
    pageUrl: string | null;
  };
  ExportedActionView: {
    id: string;
    action: string;
    session: string | null;
    message: string | null;
    reason: string;
    at: string;
    endsAt: string | null;
    undoneAt: string | null;
  };
  ExportedMessageView: {
    session: string;
    id: string;
    name: string;
    text: string;
    replyTo: string | null;
    time: string;
    sentAt: string;
    state: string;
  };
  ExportedPollVoteView: {
    session: string;
    poll: string;
    question: string;
    option: string;
  };
  ExportedQuestionView: {
    session: string;
    id: string;
    name: string;
    text: string;
    votes: number;
    time: string;
    sentAt: string;
    state: string;
    answeredAt: string | null;
  };
  ExportedQuestionVoteView: {
    session: string;
    question: string;
  };
  FrameRate: {
    numerator: number;
    denominator: number;
  };
  HealthView: {
    sources: Schemas['SourceView'][];
  };
  IngestEndpoint: {
    protocol: string;
    url_template: string;
  };
  InputView: {
    role: string;
    state: string;
    onAir: boolean;
    since: string;
    bitsPerSecond: number | null;
  };
  IssueView: {
    code: string;
    severity: string;
    advice: string;
    since: string;
  };
  IssuedFeedView: {
    info: Schemas['CalendarFeedView'];
    url: string;
  };
  IssuedKeyView: {
    key: Schemas['KeyView'];
    streamKey: string;
  };
  IssuedTokenView: {
    info: Schemas['TokenView'];
    token: string;
  };
  IssuedViewerKeyView: {
    key: Schemas['ViewerKeyView'];
    secret: string;
  };
  IssuedViewerTokenView: {
    info: Schemas['ViewerTokenView'];
    token: string;
    urls: Schemas['PlaybackUrls'];
  };
  IssuedWebhookView: {
    webhook: Schemas['WebhookView'];
    secret: string;
  };
  JsonElement: unknown;
  KeyRotation: {
    keyId?: string | null;
    overlapSeconds?: number | null;
  };
  KeyView: {
    id: string;
    role: string;
    label: string;
    createdAt: string;
    lastUsedAt: string | null;
    expiresAt: string | null;
    revokedAt: string | null;
  };
  KickedView: {
    encoders: number;
  };
  LiveView: {
    state: string;
    session: string | null;
    startedAt: string | null;
    viewers: number;
  };
  LoggedInView: {
    name: string;
  };
  LoginRequest: {
    name: string;
    password: string;
    code?: string | null;
  };
  LoginStateView: {
    authenticated: boolean;
  };
  LoginView: {
    id: string;
    current: boolean;
    createdAt: string;
    lastUsedAt: string;
    expiresAt: string;
    address: string;
    agent: string;
  };
  MeView: {
    kind: string;
    name: string;
    displayName: string;
    role: string;
    totp: boolean | null;
    login: string | null;
  };
  MeasurementView: {
    at: string;
    bitsPerSecond: number | null;
    framesPerSecond: number | null;
    keyframeIntervalSeconds: number | null;
    avSkewSeconds: number | null;
    encodingSpeed: number | null;
    encodingLagSeconds: number | null;
    latencySeconds: number | null;
    viewers: number | null;
  };
  MeasurementsView: {
    /** Interval between rows while the channel is on air; 0 when nothing is measured. */
    intervalSeconds: number;
    /** Measured rows. */
    measurements: Schemas['MeasurementView'][];
  };
  MultitrackRequest: {
    service?: string | null;
    schema_version?: string | null;
    authentication: string;
    client?: unknown;
    capabilities?: unknown;
    preferences?: unknown;
  };
  NewCalendarFeed: {
    channel?: string | null;
    label?: string | null;
  };
  NewChannel: {
    name: string;
    title?: string | null;
    ladder?: string | null;
    latency?: string | null;
    reconnectWindowSeconds?: number | null;
    takeover?: string | null;
    takeoverAfterSeconds?: number | null;
    access?: string | null;
    dvrWindow?: string | null;
    record?: boolean | null;
    retention?: string | null;
    reminderMinutes?: number[] | null;
    announceEvents?: boolean | null;
    audioLanguages?: string[] | null;
  };
  NewChatAction: {
    action: string;
    session?: string | null;
    message?: string | null;
    participant?: string | null;
    seconds?: number | null;
    network?: boolean | null;
    text?: string | null;
    reason?: string | null;
  };
  NewChatPollBody: {
    question: string;
    options: string[];
    seconds?: number | null;
  };
  NewClip: {
    start: unknown;
    end?: unknown;
    title?: string | null;
    visibility?: string | null;
    retention?: string | null;
  };
  NewEvent: {
    title: string;
    channel: string;
    start: string;
    end: string;
    description?: string | null;
    poster?: string | null;
    timeZone?: string | null;
    recurrence?: string | null;
    ladder?: string | null;
    latency?: string | null;
    record?: string | null;
    access?: string | null;
    chat?: string | null;
    announced?: string | null;
    startMode?: string | null;
    previewSeconds?: number | null;
    graceSeconds?: number | null;
    overrun?: string | null;
    noShowSeconds?: number | null;
    reminderMinutes?: number[] | null;
  };
  NewKey: {
    role?: string | null;
    label?: string | null;
    expiresAt?: string | null;
  };
  NewPassword: {
    password: string;
  };
  NewTarget: {
    name: string;
    url: string;
    streamKey: string;
    rendition?: string | null;
    mode?: string | null;
    eventId?: string | null;
    enabled?: boolean | null;
  };
  NewToken: {
    role: string;
    label?: string | null;
    expiresAt?: string | null;
    channels?: string[] | null;
    scopes?: string[] | null;
  };
  NewUser: {
    name: string;
    password: string;
    role: string;
    displayName?: string | null;
  };
  NewViewerKey: {
    label?: string | null;
  };
  NewViewerToken: {
    expiresAt?: string | null;
    network?: string | null;
    label?: string | null;
    preview?: boolean | null;
  };
  NewWebhook: {
    url: string;
    label?: string | null;
    types?: string[] | null;
    channels?: string[] | null;
    enabled?: boolean | null;
  };
  PasswordChange: {
    old: string;
    password: string;
  };
  PlaybackUrls: {
    /** The watch page. */
    watch: string;
    /** The page to embed. */
    embed: string;
    /** The multivariant playlist. */
    hls: string;
    /** The MPD. */
    dash: string;
  };
  ProblemDetails: {
    type?: string | null;
    title?: string | null;
    status?: number | null;
    detail?: string | null;
    instance?: string | null;
  };
  RecordingChangeBody: {
    title?: string | null;
    visibility?: string | null;
    access?: string | null;
    start?: unknown;
    end?: unknown;
    retention?: string | null;
    expireRecordings?: boolean | null;
  };
  RecordingUrls: {
    /** The multivariant playlist. */
    hls: string;
    /** The MPD. */
    dash: string;
    /** The recording as one MP4 file. */
    download: string;
    /** The poster image. */
    poster: string;
    /** Thumbnails for seek bars, as WebVTT. */
    thumbnails: string;
  };
  RecordingUsage: {
    /** Number of sessions with a recording or clip; at most the newest 2,000. */
    sessions: number;
    /** Number of sessions measured so far. */
    counted: number;
    /** Their number of objects. */
    objects: number;
    /** Their size, in bytes. */
    bytes: number;
    /** Whether the figures are complete. */
    isComplete: boolean;
  };
  RecordingView: {
    id: string;
    channel: string;
    session: string;
    kind: string;
    title: string;
    visibility: string;
    access: string;
    state: string;
    startsAt: string;
    endsAt: string | null;
    durationSeconds: number | null;
    retention: string;
    expiresAt: string | null;
    createdAt: string;
    urls: Schemas['RecordingUrls'];
    /** Bytes that its session uses in spool and store; `null` when not requested or not counted yet. */
    bytes?: number | null;
  };
  RecoveryCodesView: {
    recoveryCodes: string[];
  };
  RevokedViewerTokenView: {
    id: string;
    issuedByServer: boolean;
  };
  ServerView: {
    number: number;
    name: string;
    address: string | null;
    roles: string;
    state: string;
    sessions: number;
    load: number | null;
    version: string | null;
    startedAt: string;
    lastSeenAt: string;
  };
  SessionView: {
    id: string;
    epoch: number;
    latency: string;
    startedAt: string;
    lastPublicationEndedAt: string | null;
    endedAt: string | null;
    endReason: string | null;
    peakViewers: number;
  };
  SetupRequest: {
    code: string;
    name?: string | null;
    password?: string | null;
  };
  SourceAudioView: {
    codec: string;
    sampleRate: number;
    channels: number;
  };
  SourceJumpsView: {
    forward: number;
    back: number;
  };
  SourceVideoView: {
    codec: string;
    width: number;
    height: number;
    framesPerSecond: number;
    declaredFramesPerSecond: number | null;
    keyframeIntervalSeconds: number | null;
    maxKeyframeIntervalSeconds: number | null;
  };
  SourceView: {
    publication: string;
    session: string;
    encoder: string;
    since: string;
    lastMediaAt: string | null;
    bitsPerSecond: number;
    bitsPerSecondLastMinute: number;
    video: Schemas['SourceVideoView'] | null;
    audio: Schemas['SourceAudioView'] | null;
    avSkewSeconds: number;
    timestampJumps: Schemas['SourceJumpsView'];
    dropped: number;
    malformed: number;
    issues: Schemas['IssueView'][];
  };
  StorageStepView: {
    step: string;
    works: boolean;
    durationMilliseconds: number;
    problem: string | null;
  };
  StorageTestView: {
    works: boolean;
    testedAt: string;
    kind: string;
    location: string;
    durationMilliseconds: number;
    steps: Schemas['StorageStepView'][];
  };
  StorageView: {
    kind: string;
    location: string;
  };
  Stream: string;
  SystemView: {
    version: string;
    role: string;
    roles: string[];
    ladders: string[];
    latencies: string[];
    takeovers: string[];
    accesses: string[];
    rtmp: string | null;
    rtmps: string | null;
    publicUrl: string | null;
  };
  TargetChange: {
    name?: string | null;
    url?: string | null;
    streamKey?: string | null;
    rendition?: string | null;
    mode?: string | null;
    enabled?: boolean | null;
  };
  TargetPreset: {
    /** Short name. */
    id: string;
    /** Name of the platform. */
    name: string;
    /** Address; empty where each user has their own. */
    url: string;
    /** Place where the platform shows the stream key. */
    keyHelp: string;
    /** Maximum bits per second of video and audio that the platform recommends or accepts. */
    maxBitsPerSecond: number | null;
    /** Maximum height in pixels. */
    maxHeight: number | null;
    /** Maximum distance of keyframes in seconds. */
    maxKeyframeSeconds: number | null;
    /** Video codecs that the platform accepts over RTMP. */
    codecs: string[];
  };
  TargetTestView: {
    accepted: boolean;
    reason: string | null;
    seconds: number;
  };
  TargetView: {
    name: string;
    url: string;
    rendition: string;
    mode: string;
    eventId: string | null;
    enabled: boolean;
    state: string;
    reason: string | null;
    since: string;
    nextAttemptAt: string | null;
    bitsPerSecond: number;
    delaySeconds: number;
    droppedFrames: number;
    connections: number;
    createdAt: string;
  };
  TokenView: {
    id: string;
    role: string;
    label: string;
    createdAt: string;
    lastUsedAt: string | null;
    expiresAt: string | null;
    revokedAt: string | null;
    channels: string[] | null;
    scopes: string[] | null;
  };
  TotpCode: {
    code: string;
  };
  TotpStart: {
    password: string;
  };
  TotpView: {
    secret: string;
    uri: string;
  };
  UserChangeBody: {
    displayName?: string | null;
    role?: string | null;
    disabled?: boolean | null;
  };
  UserView: {
    name: string;
    displayName: string;
    role: string;
    totp: boolean;
    createdAt: string;
    passwordChangedAt: string;
    lastLoginAt: string | null;
    disabledAt: string | null;
  };
  VideoTrackConfiguration: {
    type: string;
    width: number;
    height: number;
    framerate: Schemas['FrameRate'];
    settings: Record<string, unknown>;
    gpu_scale_type?: string | null;
    colorspace?: string | null;
    range?: string | null;
    format?: string | null;
    canvas_index?: number;
  };
  ViewerKeyView: {
    id: string;
    label: string;
    serverManaged: boolean;
    createdAt: string;
    revokedAt: string | null;
  };
  ViewerTokenView: {
    id: string;
    label: string;
    network: string;
    createdAt: string;
    expiresAt: string | null;
    revokedAt: string | null;
    preview: boolean;
  };
  WebhookChange: {
    url?: string | null;
    label?: string | null;
    types?: string[] | null;
    channels?: string[] | null;
    enabled?: boolean | null;
  };
  WebhookRotation: {
    overlapSeconds?: number | null;
  };
  WebhookView: {
    id: string;
    url: string;
    label: string;
    types: string[];
    channels: string[];
    enabled: boolean;
    disabledReason: string | null;
    createdAt: string;
    previousSecretExpiresAt: string | null;
    lastAttemptAt: string | null;
    failingSince: string | null;
    waiting: number;
    dropped: number;
  };
}

/** What each operation takes and answers. */
export interface Operations {
  /** Add a target. If it is enabled and the channel is on air, its connection begins at once. With 'eventId', it is published only while that event is live. */
  addTarget: {
    method: 'POST';
    path: '/api/v1/channels/{name}/targets';
    query: never;
    body: Schemas['NewTarget'];
    answer: Schemas['TargetView'];
  };
  /** Create a secret for an authenticator app. It is shown only once and takes effect with confirmTotp. */
  beginTotp: {
    method: 'POST';
    path: '/api/v1/me/totp';
    query: never;
    body: Schemas['TotpStart'];
    answer: Schemas['TotpView'];
  };
  /** Cancel an event, or a series with all future occurrences. */
  cancelEvent: {
    method: 'POST';
    path: '/api/v1/events/{id}/cancel';
    query: never;
    body: never;
    answer: Schemas['EventView'];
  };
  /** Change the members that are sent; the others stay as they are. A shorter 'retention' deletes existing recordings earlier: a producer confirms that with 'expireRecordings' (409 without it), and a token needs the scope recordings:write. */
  changeChannel: {
    method: 'PATCH';
    path: '/api/v1/channels/{name}';
    query: never;
    body: Schemas['ChannelChange'];
    answer: Schemas['ChannelView'];
  };
  /** Change the members that are sent; the others stay as they are. 'enabled' requires the role producer. Changes apply to the next message, on all servers. */
  changeChat: {
    method: 'PATCH';
    path: '/api/v1/channels/{name}/chat';
    query: never;
    body: Schemas['ChatSettingsBody'];
    answer: Schemas['ChatSettingsView'];
  };
  /** Change the state of a question: open, picked, answered, removed. 'answeredAt' is the program date-time at which the answer begins, now when it is missing. */
  changeChatQuestion: {
    method: 'PATCH';
    path: '/api/v1/channels/{name}/chat/questions/{id}';
    query: never;
    body: Schemas['ChatQuestionChange'];
    answer: Schemas['ChatQuestionView'];
  };
  /** Change the members that are sent; the others stay as they are. A changed occurrence is detached from its series. Changes of a series apply to future occurrences that were not changed individually. */
  changeEvent: {
    method: 'PATCH';
    path: '/api/v1/events/{id}';
    query: never;
    body: Schemas['EventChange'];
    answer: Schemas['EventView'];
  };
  /** Change the members that are sent; the others stay as they are. 'start' and 'end' trim the recording: times, or seconds from the start of the session (negative: from its end), or 'begin' and 'end' to undo it. 'access' sets the access policy of the whole session (public, token, webhook) after it has ended. A producer confirms a shorter 'retention' with 'expireRecordings' (409 without it), as for changeChannel. */
  changeRecording: {
    method: 'PATCH';
    path: '/api/v1/recordings/{id}';
    query: never;
    body: Schemas['RecordingChangeBody'];
    answer: Schemas['RecordingView'];
  };
  /** Change the members that are sent; the others stay as they are. 'enabled' switches the target on or off while the channel is on air. A change of 'url' requires 'streamKey'. */
  changeTarget: {
    method: 'PATCH';
    path: '/api/v1/channels/{name}/targets/{target}';
    query: never;
    body: Schemas['TargetChange'];
    answer: Schemas['TargetView'];
  };
  /** Change the members that are sent; the others stay as they are. 'disabled' ends all logins of the user at once. The last admin cannot be disabled or demoted. */
  changeUser: {
    method: 'PATCH';
    path: '/api/v1/users/{name}';
    query: never;
    body: Schemas['UserChangeBody'];
    answer: Schemas['UserView'];
  };
  /** Change the members that are sent; the others stay as they are. 'enabled' true turns a webhook on again that was disabled because of failures. */
  changeWebhook: {
    method: 'PATCH';
    path: '/api/v1/webhooks/{id}';
    query: never;
    body: Schemas['WebhookChange'];
    answer: Schemas['WebhookView'];
  };
  /** Get the tracks that OBS Studio encodes and where it sends them. Needs no token, but a stream key in 'authentication'. A rejection is in 'status'. */
  configureMultitrack: {
    method: 'POST';
    path: '/api/v1/obs/multitrack';
    query: never;
    body: Schemas['MultitrackRequest'];
    answer: Schemas['EncoderConfiguration'];
  };
  /** Turn on the second factor with its first code. The response contains recovery codes, shown only once. */
  confirmTotp: {
    method: 'POST';
    path: '/api/v1/me/totp/confirm';
    query: never;
    body: Schemas['TotpCode'];
    answer: Schemas['RecoveryCodesView'];
  };
  /** Create a calendar feed for one channel or all. Its URL is shown only once. */
  createCalendarFeed: {
    method: 'POST';
    path: '/api/v1/calendar-feeds';
    query: never;
    body: Schemas['NewCalendarFeed'];
    answer: Schemas['IssuedFeedView'];
  };
  /** Create a channel and its first stream key. The key is shown only once. */
  createChannel: {
    method: 'POST';
    path: '/api/v1/channels';
    query: never;
    body: Schemas['NewChannel'];
    answer: Schemas['CreatedChannelView'];
  };
  /** Create a clip of the channel's recording that contains 'start': the newest, unless 'start' is an earlier time. Without 'end' the clip ends now. */
  createChannelClip: {
    method: 'POST';
    path: '/api/v1/channels/{name}/clips';
    query: never;
    body: Schemas['NewClip'];
    answer: Schemas['RecordingView'];
  };
  /** Create a poll while the channel is live. Viewers see it instead of the previous one. 'seconds' is the time for voting. */
  createChatPoll: {
    method: 'POST';
    path: '/api/v1/channels/{name}/chat/polls';
    query: never;
    body: Schemas['NewChatPollBody'];
    answer: Schemas['ChatPollView'];
  };
  /** Create a chat token for the caller, valid for 10 minutes. Messages of callers who may moderate are marked. */
  createChatToken: {
    method: 'POST';
    path: '/api/v1/channels/{name}/chat/token';
    query: never;
    body: never;
    answer: Schemas['ChatTokenView'];
  };
  /** Create a clip of a recording, also while it is being recorded. 'start' and 'end' are times, or seconds from its start (negative: from its end). */
  createClip: {
    method: 'POST';
    path: '/api/v1/recordings/{id}/clips';
    query: never;
    body: Schemas['NewClip'];
    answer: Schemas['RecordingView'];
  };
  /** Create an event, or with a 'recurrence' (RFC 5545) a series, whose occurrences are created three months ahead. 'start' and 'end' are UTC times, or local times in 'timeZone'. */
  createEvent: {
    method: 'POST';
    path: '/api/v1/events';
    query: never;
    body: Schemas['NewEvent'];
    answer: Schemas['EventView'];
  };
  /** Create another stream key. It is shown only once. */
  createKey: {
    method: 'POST';
    path: '/api/v1/channels/{name}/keys';
    query: never;
    body: Schemas['NewKey'];
    answer: Schemas['IssuedKeyView'];
  };
  /** Create a token. It is shown only once. 'channels' and 'scopes' restrict it further than its role. */
  createToken: {
    method: 'POST';
    path: '/api/v1/tokens';
    query: never;
    body: Schemas['NewToken'];
    answer: Schemas['IssuedTokenView'];
  };
  /** Create a user with an initial password. */
  createUser: {
    method: 'POST';
    path: '/api/v1/users';
    query: never;
    body: Schemas['NewUser'];
    answer: Schemas['UserView'];
  };
  /** Create another signing key for viewer tokens that you sign yourself. Its secret is shown only once. */
  createViewerKey: {
    method: 'POST';
    path: '/api/v1/channels/{name}/viewer-keys';
    query: never;
    body: Schemas['NewViewerKey'];
    answer: Schemas['IssuedViewerKeyView'];
  };
  /** Create a viewer token and the playback URLs that contain it. They are shown only once. */
  createViewerToken: {
    method: 'POST';
    path: '/api/v1/channels/{name}/viewer-tokens';
    query: never;
    body: Schemas['NewViewerToken'];
    answer: Schemas['IssuedViewerTokenView'];
  };
  /** Create a webhook. The secret that signs its requests is shown only once. */
  createWebhook: {
    method: 'POST';
    path: '/api/v1/webhooks';
    query: never;
    body: Schemas['NewWebhook'];
    answer: Schemas['IssuedWebhookView'];
  };
  /** Delete a channel with its keys, sessions and media, and disconnect its encoder. */
  deleteChannel: {
    method: 'DELETE';
    path: '/api/v1/channels/{name}';
    query: never;
    body: never;
    answer: void;
  };
  /** Delete an event, or a series with its occurrences. Recordings stay. An occurrence is canceled instead. */
  deleteEvent: {
    method: 'DELETE';
    path: '/api/v1/events/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** Delete a recording or clip, with 'clips=true' also the clips of its session. Media are deleted when nothing of the ended session is left. 'dryRun=true' only reports what would be deleted. */
  deleteRecording: {
    method: 'DELETE';
    path: '/api/v1/recordings/{id}';
    query: { dryRun?: string; clips?: string };
    body: never;
    answer: Schemas['DeletionView'];
  };
  /** Delete the channel's own slate. The channel uses the server's slate again. */
  deleteSlate: {
    method: 'DELETE';
    path: '/api/v1/channels/{name}/slate';
    query: never;
    body: never;
    answer: void;
  };
  /** Delete a target and end its connection. */
  deleteTarget: {
    method: 'DELETE';
    path: '/api/v1/channels/{name}/targets/{target}';
    query: never;
    body: never;
    answer: void;
  };
  /** Delete a user and their logins. The last admin cannot be deleted. */
  deleteUser: {
    method: 'DELETE';
    path: '/api/v1/users/{name}';
    query: never;
    body: never;
    answer: void;
  };
  /** Delete a webhook with its pending deliveries and its log. */
  deleteWebhook: {
    method: 'DELETE';
    path: '/api/v1/webhooks/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** Drain a server: it hands its sessions over to other servers, takes no others, and is not ready for load balancers. Encoders and viewers that are connected to it stay connected. The server can be stopped when it has no sessions. A server that starts is not drained. */
  drainServer: {
    method: 'POST';
    path: '/api/v1/servers/{number}/drain';
    query: never;
    body: never;
    answer: void;
  };
  /** End voting now. Viewers see the result. */
  endChatPoll: {
    method: 'POST';
    path: '/api/v1/channels/{name}/chat/polls/{id}/end';
    query: never;
    body: never;
    answer: Schemas['ChatPollView'];
  };
  /** End an event that is live or in preview, end its session and disconnect its encoder. */
  endEvent: {
    method: 'POST';
    path: '/api/v1/events/{id}/end';
    query: never;
    body: never;
    answer: Schemas['EventView'];
  };
  /** End one of your logins. */
  endMyLogin: {
    method: 'DELETE';
    path: '/api/v1/me/logins/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** End the channel's open session now and disconnect its encoder. */
  endSession: {
    method: 'POST';
    path: '/api/v1/channels/{name}/end';
    query: never;
    body: never;
    answer: Schemas['EndedView'];
  };
  /** Remove your second factor. Requires one of its codes or a recovery code. */
  endTotp: {
    method: 'POST';
    path: '/api/v1/me/totp/end';
    query: never;
    body: Schemas['TotpCode'];
    answer: void;
  };
  /** End one login of a user. */
  endUserLogin: {
    method: 'DELETE';
    path: '/api/v1/users/{name}/logins/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** End all logins of a user. */
  endUserLogins: {
    method: 'DELETE';
    path: '/api/v1/users/{name}/logins';
    query: never;
    body: never;
    answer: void;
  };
  /** Delete all messages of a participant for good, also from the lists of moderators. */
  eraseChatMessages: {
    method: 'DELETE';
    path: '/api/v1/channels/{name}/chat/participants/{id}/messages';
    query: never;
    body: never;
    answer: Schemas['ErasedView'];
  };
  /** Export everything that is stored about a participant: messages in every state, questions, votes, and actions of moderators without their names. */
  exportChatParticipant: {
    method: 'GET';
    path: '/api/v1/channels/{name}/chat/participants/{id}/export';
    query: never;
    body: never;
    answer: Schemas['ChatExportView'];
  };
  /** Get events as iCalendar (RFC 5545), of all channels or one 'channel'. */
  getCalendar: {
    method: 'GET';
    path: '/api/v1/events.ics';
    query: { channel?: string };
    body: never;
    answer: void;
  };
  /** Get a channel. */
  getChannel: {
    method: 'GET';
    path: '/api/v1/channels/{name}';
    query: never;
    body: never;
    answer: Schemas['ChannelView'];
  };
  /** Get the chat settings of a channel. 'event' is its event in preview or on air, if that has chat settings of its own. */
  getChat: {
    method: 'GET';
    path: '/api/v1/channels/{name}/chat';
    query: never;
    body: never;
    answer: Schemas['ChatSettingsView'];
  };
  /** Get the filters of a channel's chat. */
  getChatFilters: {
    method: 'GET';
    path: '/api/v1/channels/{name}/chat/filters';
    query: never;
    body: never;
    answer: Schemas['ChatFiltersView'];
  };
  /** Count what happened in the chat of a session, by default of the newest one with chat. */
  getChatStatistics: {
    method: 'GET';
    path: '/api/v1/channels/{name}/chat/statistics';
    query: { session?: string };
    body: never;
    answer: Schemas['ChatStatisticsView'];
  };
  /** Get an event or series. 'pageUrl' is its viewer page, available once the event is planned, or once it is live if it is not announced. A series has no page. */
  getEvent: {
    method: 'GET';
    path: '/api/v1/events/{id}';
    query: never;
    body: never;
    answer: Schemas['EventView'];
  };
  /** List the states of an event with their reasons. */
  getEventHistory: {
    method: 'GET';
    path: '/api/v1/events/{id}/history';
    query: never;
    body: never;
    answer: Schemas['EventHistoryView'][];
  };
  /** Get measurements of the channel's publishing encoders, with detected issues and advice. */
  getHealth: {
    method: 'GET';
    path: '/api/v1/channels/{name}/health';
    query: never;
    body: never;
    answer: Schemas['HealthView'];
  };
  /** Get the login state: 'authenticated' is true if the request has a valid token or login. Requires neither. */
  getLogin: {
    method: 'GET';
    path: '/api/v1/login';
    query: never;
    body: never;
    answer: Schemas['LoginStateView'];
  };
  /** Get the caller (user or token) and its role. */
  getMe: {
    method: 'GET';
    path: '/api/v1/me';
    query: never;
    body: never;
    answer: Schemas['MeView'];
  };
  /** Get measurements of the last hour, or with 'range=day' averages of the last 24 hours, oldest first, one per 'intervalSeconds' while the channel was on air. 'after' (a time) omits older ones. They are kept in memory and lost when the server restarts. */
  getMeasurements: {
    method: 'GET';
    path: '/api/v1/channels/{name}/measurements';
    query: { range?: string; after?: string };
    body: never;
    answer: Schemas['MeasurementsView'];
  };
  /** Get a recording or clip. */
  getRecording: {
    method: 'GET';
    path: '/api/v1/recordings/{id}';
    query: never;
    body: never;
    answer: Schemas['RecordingView'];
  };
  /** Get the space that all recordings use in spool and store, as far as it can be counted in a few seconds. Counting continues; repeat the request while 'isComplete' is false. */
  getRecordingUsage: {
    method: 'GET';
    path: '/api/v1/recordings/usage';
    query: never;
    body: never;
    answer: Schemas['RecordingUsage'];
  };
  /** Get the channel's own slate as uploaded. The server sends four slates at a time, and one per caller; otherwise 429. */
  getSlate: {
    method: 'GET';
    path: '/api/v1/channels/{name}/slate';
    query: never;
    body: never;
    answer: void;
  };
  /** Get the configured object store. */
  getStorage: {
    method: 'GET';
    path: '/api/v1/storage';
    query: never;
    body: never;
    answer: Schemas['StorageView'];
  };
  /** Get the server's version, its publish URLs, your role, and valid values for other requests. 'publicUrl' is the base URL of viewer pages; if null, it is the URL of this request. */
  getSystem: {
    method: 'GET';
    path: '/api/v1/system';
    query: never;
    body: never;
    answer: Schemas['SystemView'];
  };
  /** Get a target. */
  getTarget: {
    method: 'GET';
    path: '/api/v1/channels/{name}/targets/{target}';
    query: never;
    body: never;
    answer: Schemas['TargetView'];
  };
  /** Get a user. */
  getUser: {
    method: 'GET';
    path: '/api/v1/users/{name}';
    query: never;
    body: never;
    answer: Schemas['UserView'];
  };
  /** Get a webhook. */
  getWebhook: {
    method: 'GET';
    path: '/api/v1/webhooks/{id}';
    query: never;
    body: never;
    answer: Schemas['WebhookView'];
  };
  /** Make an event live now, before or after its start time. */
  goLive: {
    method: 'POST';
    path: '/api/v1/events/{id}/go-live';
    query: never;
    body: never;
    answer: Schemas['EventView'];
  };
  /** End voting, and no longer show the poll. */
  hideChatPoll: {
    method: 'POST';
    path: '/api/v1/channels/{name}/chat/polls/{id}/hide';
    query: never;
    body: never;
    answer: Schemas['ChatPollView'];
  };
  /** Disconnect the channel's encoders. The session stays open so that they can reconnect; to block one, rotate or revoke its key. */
  kickEncoders: {
    method: 'POST';
    path: '/api/v1/channels/{name}/kick';
    query: never;
    body: never;
    answer: Schemas['KickedView'];
  };
  /** List activity on the channel, newest first: sessions, events, encoder connections, issues, recordings, and administrative changes (admins only). 'before' continues from an id. */
  listActivity: {
    method: 'GET';
    path: '/api/v1/channels/{name}/activity';
    query: { limit?: string; before?: string };
    body: never;
    answer: Schemas['ActivityView'][];
  };
  /** List changes, newest first. Filter by 'actor' ('user', 'token/ID'), 'subject' ('channel', 'channel/NAME') or 'action' ('channel.create'). 'before' continues from an id. */
  listAudit: {
    method: 'GET';
    path: '/api/v1/audit';
    query: { actor?: string; subject?: string; action?: string; before?: string; limit?: string };
    body: never;
    answer: Schemas['AuditView'][];
  };
  /** List calendar feeds without their secrets, newest first. */
  listCalendarFeeds: {
    method: 'GET';
    path: '/api/v1/calendar-feeds';
    query: never;
    body: never;
    answer: Schemas['CalendarFeedView'][];
  };
  /** List the channel's recordings and clips, newest first, like listRecordings. */
  listChannelRecordings: {
    method: 'GET';
    path: '/api/v1/channels/{name}/recordings';
    query: { session?: string; kind?: string; visibility?: string; q?: string; from?: string; to?: string; sizes?: string; before?: string; limit?: string };
    body: never;
    answer: Schemas['RecordingView'][];
  };
  /** List channels by name. 'live' is null while the server that has the channel on air does not answer. */
  listChannels: {
    method: 'GET';
    path: '/api/v1/channels';
    query: never;
    body: never;
    answer: Schemas['ChannelView'][];
  };
  /** List actions of moderators, newest first. 'participant' selects those that concern a participant, 'inEffect=true' the timeouts, bans and mutes that are in effect. 'before' continues from an id. */
  listChatActions: {
    method: 'GET';
    path: '/api/v1/channels/{name}/chat/actions';
    query: { participant?: string; inEffect?: string; before?: string; limit?: string };
    body: never;
    answer: Schemas['ChatActionView'][];
  };
  /** List messages, newest first, with those that viewers do not see. Filter by 'session', 'participant' and 'state' (shown, sampled, held, denied, muted, removed). 'before' continues from SESSION/ID of a message. */
  listChatMessages: {
    method: 'GET';
    path: '/api/v1/channels/{name}/chat/messages';
    query: { session?: string; participant?: string; state?: string; before?: string; limit?: string };
    body: never;
    answer: Schemas['ChatMessageView'][];
  };
  /** List polls with their votes, newest first. */
  listChatPolls: {
    method: 'GET';
    path: '/api/v1/channels/{name}/chat/polls';
    query: never;
    body: never;
    answer: Schemas['ChatPollView'][];
  };
  /** List the questions of the newest session by votes. 'state' selects one of held, muted, open, picked, answered, removed. */
  listChatQuestions: {
    method: 'GET';
    path: '/api/v1/channels/{name}/chat/questions';
    query: { state?: string };
    body: never;
    answer: Schemas['ChatQuestionView'][];
  };
  /** List deliveries of the webhook, newest first. Filter by 'state' (waiting, delivered, failed). 'before' continues from an id. */
  listDeliveries: {
    method: 'GET';
    path: '/api/v1/webhooks/{id}/deliveries';
    query: { state?: string; before?: string; limit?: string };
    body: never;
    answer: Schemas['DeliveryView'][];
  };
  /** List encoders for rungs, and whether each works or why not. */
  listEncoders: {
    method: 'GET';
    path: '/api/v1/encoders';
    query: never;
    body: never;
    answer: Schemas['EncoderView'][];
  };
  /** List events by start time, with the occurrences of series. 'from' and 'to' select events that end after and start before a time; 'channel' and 'state' filter. 'after' continues from an id. */
  listEvents: {
    method: 'GET';
    path: '/api/v1/events';
    query: { from?: string; to?: string; channel?: string; state?: string; after?: string; limit?: string };
    body: never;
    answer: Schemas['EventView'][];
  };
  /** List the channel's stream keys without their secrets, newest first. */
  listKeys: {
    method: 'GET';
    path: '/api/v1/channels/{name}/keys';
    query: never;
    body: never;
    answer: Schemas['KeyView'][];
  };
  /** List your logins, newest first. */
  listMyLogins: {
    method: 'GET';
    path: '/api/v1/me/logins';
    query: never;
    body: never;
    answer: Schemas['LoginView'][];
  };
  /** List the occurrences of a series by start time, like listEvents. */
  listOccurrences: {
    method: 'GET';
    path: '/api/v1/events/{id}/occurrences';
    query: { from?: string; to?: string; state?: string; after?: string; limit?: string };
    body: never;
    answer: Schemas['EventView'][];
  };
  /** List recordings and clips, newest first. Filter by 'channel', 'session', 'kind' (session, clip) and 'visibility', by 'q' in the title or the channel's title, and by start time with 'from' and 'to'. 'sizes=true' adds the bytes of each session, as far as they can be counted in a few seconds. 'before' continues from an id. */
  listRecordings: {
    method: 'GET';
    path: '/api/v1/recordings';
    query: { channel?: string; session?: string; kind?: string; visibility?: string; q?: string; from?: string; to?: string; sizes?: string; before?: string; limit?: string };
    body: never;
    answer: Schemas['RecordingView'][];
  };
  /** List the servers that share the database, by number. 'load' is the share of the machine's processors that the server uses, 0 to 1. 'state' is 'running', 'draining', 'stopped', or 'lost' when the server's lease expired. */
  listServers: {
    method: 'GET';
    path: '/api/v1/servers';
    query: never;
    body: never;
    answer: Schemas['ServerView'][];
  };
  /** List the channel's sessions, newest first. 'before' continues from a session id. */
  listSessions: {
    method: 'GET';
    path: '/api/v1/channels/{name}/sessions';
    query: { limit?: string; before?: string };
    body: never;
    answer: Schemas['SessionView'][];
  };
  /** List platforms with their addresses and limits, for forms. The address is empty if it differs between users. */
  listTargetPresets: {
    method: 'GET';
    path: '/api/v1/target-presets';
    query: never;
    body: never;
    answer: Schemas['TargetPreset'][];
  };
  /** List the targets of a channel and of its events by name, with their states and the figures of their connections. The stream keys are never returned. */
  listTargets: {
    method: 'GET';
    path: '/api/v1/channels/{name}/targets';
    query: never;
    body: never;
    answer: Schemas['TargetView'][];
  };
  /** List tokens without their secrets, newest first. */
  listTokens: {
    method: 'GET';
    path: '/api/v1/tokens';
    query: never;
    body: never;
    answer: Schemas['TokenView'][];
  };
  /** List a user's logins, newest first. */
  listUserLogins: {
    method: 'GET';
    path: '/api/v1/users/{name}/logins';
    query: never;
    body: never;
    answer: Schemas['LoginView'][];
  };
  /** List users by name. */
  listUsers: {
    method: 'GET';
    path: '/api/v1/users';
    query: never;
    body: never;
    answer: Schemas['UserView'][];
  };
  /** List the keys that sign the channel's viewer tokens, without their secrets, newest first. */
  listViewerKeys: {
    method: 'GET';
    path: '/api/v1/channels/{name}/viewer-keys';
    query: never;
    body: never;
    answer: Schemas['ViewerKeyView'][];
  };
  /** List the channel's viewer tokens without their signatures, newest first. 'before' continues from an id. */
  listViewerTokens: {
    method: 'GET';
    path: '/api/v1/channels/{name}/viewer-tokens';
    query: { limit?: string; before?: string };
    body: never;
    answer: Schemas['ViewerTokenView'][];
  };
  /** List webhooks without their secrets, oldest first. */
  listWebhooks: {
    method: 'GET';
    path: '/api/v1/webhooks';
    query: never;
    body: never;
    answer: Schemas['WebhookView'][];
  };
  /** Stream the state of all channels and its changes as server-sent events. 'Last-Event-ID' resumes after that event. */
  listen: {
    method: 'GET';
    path: '/api/v1/stream';
    query: never;
    body: never;
    answer: void;
  };
  /** Stream the state of one channel and its changes as server-sent events. 'Last-Event-ID' resumes after that event. */
  listenToChannel: {
    method: 'GET';
    path: '/api/v1/channels/{name}/stream';
    query: never;
    body: never;
    answer: void;
  };
  /** Log in; the response sets a cookie. Needs no token, but a name and password, and if the problem has 'needs: code', an authenticator code or a recovery code. */
  login: {
    method: 'POST';
    path: '/api/v1/login';
    query: never;
    body: Schemas['LoginRequest'];
    answer: Schemas['LoggedInView'];
  };
  /** End the login of the cookie. */
  logout: {
    method: 'POST';
    path: '/api/v1/logout';
    query: never;
    body: never;
    answer: void;
  };
  /** Act as a moderator. 'action' is one of remove, approve, deny, timeout, ban, mute, pin, unpin, announce. 'message' is the message that it concerns, or a message of the participant; 'session' its session, the newest one by default. */
  moderateChat: {
    method: 'POST';
    path: '/api/v1/channels/{name}/chat/actions';
    query: never;
    body: Schemas['NewChatAction'];
    answer: Schemas['ChatActionView'];
  };
  /** Probe all encoders again by encoding a few frames with each. Takes one or two seconds. */
  probeEncoders: {
    method: 'POST';
    path: '/api/v1/encoders/probe';
    query: never;
    body: never;
    answer: Schemas['EncoderView'][];
  };
  /** Get events as iCalendar for subscribed calendars. Needs no token: the URL is the secret. */
  readCalendarFeed: {
    method: 'GET';
    path: '/api/v1/calendars/{feed}/events.ics';
    query: never;
    body: never;
    answer: void;
  };
  /** Repeat a delivery, whatever its result, under the same id. */
  replayDelivery: {
    method: 'POST';
    path: '/api/v1/webhooks/{id}/deliveries/{delivery}/replay';
    query: never;
    body: never;
    answer: Schemas['DeliveryView'];
  };
  /** Remove a user's second factor, for example after its loss. */
  resetUserTotp: {
    method: 'DELETE';
    path: '/api/v1/users/{name}/totp';
    query: never;
    body: never;
    answer: void;
  };
  /** Revoke a calendar feed permanently. */
  revokeCalendarFeed: {
    method: 'DELETE';
    path: '/api/v1/calendar-feeds/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** Revoke a stream key permanently and disconnect its encoder. */
  revokeKey: {
    method: 'DELETE';
    path: '/api/v1/channels/{name}/keys/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** Revoke a token permanently. */
  revokeToken: {
    method: 'DELETE';
    path: '/api/v1/tokens/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** Revoke a signing key permanently, and with it all viewer tokens that it signed. */
  revokeViewerKey: {
    method: 'DELETE';
    path: '/api/v1/channels/{name}/viewer-keys/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** Revoke a viewer token permanently, also one that was signed elsewhere with a key of the channel. */
  revokeViewerToken: {
    method: 'DELETE';
    path: '/api/v1/channels/{name}/viewer-tokens/{id}';
    query: never;
    body: never;
    answer: Schemas['RevokedViewerTokenView'];
  };
  /** Replace a stream key. The old key is revoked at once, or after an overlap. */
  rotateKey: {
    method: 'POST';
    path: '/api/v1/channels/{name}/keys/rotate';
    query: never;
    body: Schemas['KeyRotation'];
    answer: Schemas['IssuedKeyView'];
  };
  /** Create a new secret, shown only once. The old one also signs for 'overlapSeconds' (default one day, maximum seven). */
  rotateWebhookSecret: {
    method: 'POST';
    path: '/api/v1/webhooks/{id}/rotate';
    query: never;
    body: Schemas['WebhookRotation'];
    answer: Schemas['IssuedWebhookView'];
  };
  /** Replace the filters. Actions are 'allow', 'hold' and 'reject'. Members that are missing get their defaults. */
  setChatFilters: {
    method: 'PUT';
    path: '/api/v1/channels/{name}/chat/filters';
    query: never;
    body: Schemas['ChatFiltersView'];
    answer: Schemas['ChatFiltersView'];
  };
  /** Change your password. All your other logins end. */
  setMyPassword: {
    method: 'PUT';
    path: '/api/v1/me/password';
    query: never;
    body: Schemas['PasswordChange'];
    answer: void;
  };
  /** Set the channel's own slate: a PNG or JPEG image, or an MP4 video of at most 30 s, up to 16 MiB. It is validated by decoding it. */
  setSlate: {
    method: 'PUT';
    path: '/api/v1/channels/{name}/slate';
    query: never;
    body: never;
    answer: void;
  };
  /** Exchange the setup code that the server printed for the first admin token, and with 'name' and 'password' also create the first admin user. Needs no token; works once. */
  setUp: {
    method: 'POST';
    path: '/api/v1/setup';
    query: never;
    body: Schemas['SetupRequest'];
    answer: Schemas['IssuedTokenView'];
  };
  /** Set a user's password. All their logins end. */
  setUserPassword: {
    method: 'PUT';
    path: '/api/v1/users/{name}/password';
    query: never;
    body: Schemas['NewPassword'];
    answer: void;
  };
  /** Write, read, list and delete one small object in the configured store, and report the duration and problem of each step. One test at a time and one in five seconds; otherwise 429. */
  testStorage: {
    method: 'POST';
    path: '/api/v1/storage/test';
    query: never;
    body: never;
    answer: Schemas['StorageTestView'];
  };
  /** Connect to the target and ask to publish, without sending media, and get the result. Not while the target is connected. */
  testTarget: {
    method: 'POST';
    path: '/api/v1/channels/{name}/targets/{target}/test';
    query: never;
    body: never;
    answer: Schemas['TargetTestView'];
  };
  /** Send a 'webhook.test' event now and get the result. */
  testWebhook: {
    method: 'POST';
    path: '/api/v1/webhooks/{id}/test';
    query: never;
    body: never;
    answer: Schemas['DeliveryView'];
  };
  /** Undo an action: messages that it removed are shown again, and its timeout, ban or mute ends. */
  undoChatAction: {
    method: 'POST';
    path: '/api/v1/channels/{name}/chat/actions/{id}/undo';
    query: never;
    body: Schemas['ChatUndo'];
    answer: Schemas['ChatActionView'];
  };
  /** End the draining of a server: it takes sessions again. Sessions that it has handed over stay where they are. */
  undrainServer: {
    method: 'POST';
    path: '/api/v1/servers/{number}/undrain';
    query: never;
    body: never;
    answer: void;
  };
}
