import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { serve } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { ErrorCode } from '@lethe/contracts';
import { Hono } from 'hono';
import { faultBody } from './body-faults.js';
import { sendError } from './error-response.js';
